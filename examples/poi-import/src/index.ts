/**
 * The parts of the example, for whoever composes them differently.
 *
 * @module
 */
export { application } from "./application.ts"
