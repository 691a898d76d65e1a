/**
 * How patient the lab is: on a machine that emulates its processor everything takes as many times longer,
 * so applications send less often and limits are wider. 1 on an ordinary machine.
 */
let slowness = 1;

export function setSlowness(times: number): void {
  slowness = times;
}

export function slow(ms: number): number {
  return ms * slowness;
}
