/**
 * The program: `node dist/main.js validate FILE`, `commit JOB`, `--help`.
 *
 * @module
 */
import { Cli } from "@waybill/cli"
import { application } from "./application.ts"

Cli.run(application)
