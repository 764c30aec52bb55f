/**
 * Reports of jobs for people.
 *
 * @module
 */
export * as HtmlReport from "./HtmlReport.ts"
