/**
 * Registers {@link "./hooks.mjs"}; for `node --import`.
 */
import { register } from "node:module"

register("./hooks.mjs", import.meta.url)
