import type { Row } from './main.ts';
import type { LabReport } from './report.ts';

export function reportPage(rows: readonly Row[], json: LabReport): string {
  return `${rows.length}${json.summary.length}`;
}
