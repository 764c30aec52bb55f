/**
 * The program: `node dist/main.js ingest`, `hourly`, `daily`, `archive`, `history`, `serve`, `--help`.
 *
 * @module
 */
import { Cli } from "@waybill/cli"
import { application } from "./application.ts"

Cli.run(application)
