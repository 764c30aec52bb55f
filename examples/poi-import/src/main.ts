/** Charging stations from Open Charge Map into MongoDB: `node dist/main.js validate`, `commit <job>`, `run`, `--help`. */
import { Cli } from "@waybill/cli"
import { application } from "./application.ts"

Cli.run(application)
