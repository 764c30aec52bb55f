/**
 * Reports of jobs as spreadsheets: workbooks for people, and a partner's own file with what is wrong marked in it.
 *
 * @module
 */
export * as Command from "./Command.ts"
export * as MarkUp from "./MarkUp.ts"
export * as Output from "./Output.ts"
export { ReportError } from "./ReportError.ts"
export * as Workbook from "./Workbook.ts"
