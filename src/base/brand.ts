/** Nominal types: a `Brand<string, 'PathId'>` cannot be passed where a `NodeId` is wanted. */
declare const brand: unique symbol;

export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
