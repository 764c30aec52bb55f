/**
 * Reports of jobs as spreadsheets: workbooks for people, and a partner's own file with what is wrong marked in it.
 *
 * @module
 */
export * as Output from "./Output.ts"
export { ReportError } from "./ReportError.ts"
export * as Workbook from "./Workbook.ts"
