/**
 * Real database servers for demo, tests and benchmarks: a PostgreSQL and a MongoDB, started or taken from the environment.
 *
 * @module
 */

export { type MongoOptions, startMongo } from "./mongo.ts"
export { createMongoDatabase } from "./mongoDatabase.ts"
export { type PostgresOptions, startPostgres } from "./postgres.ts"
export { createPostgresDatabase } from "./postgresDatabase.ts"
export type { DatabaseServer, PrivateDatabase } from "./server.ts"
