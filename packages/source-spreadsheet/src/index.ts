/**
 * Sources of rows from spreadsheets: CSV files and XLSX workbooks.
 *
 * @module
 */
export * as CsvSource from "./CsvSource.ts"
export * as DateText from "./DateText.ts"
export * as Headers from "./Headers.ts"
export * as IssueColumn from "./IssueColumn.ts"
export * as NumberText from "./NumberText.ts"
export * as Profile from "./Profile.ts"
export * as ProfiledSource from "./ProfiledSource.ts"
export * as XlsxSource from "./XlsxSource.ts"
