/**
 * The part of `pg` that the sink uses, structurally: the user's pool is taken as it is, with its TLS, tracing and versions.
 *
 * @module
 */

/** The rows of one statement. */
export interface QueryResult {
  readonly rows: ReadonlyArray<any>
  readonly rowCount: number | null
}

/** A connection of a pool. */
export interface ClientLike {
  query(statement: string): Promise<any>
  query<T extends { submit: (connection: any) => void }>(submittable: T): T
  on(event: "error", listener: (error: Error) => void): unknown
  release(destroy?: boolean | Error): void
}

/** A pool of `pg`. */
export interface PoolLike {
  connect(): Promise<ClientLike>
  readonly options?: {
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly database?: string | undefined
    readonly connectionString?: string | undefined
  }
}

/** What a server says about an error, as `pg` hands it on. */
export interface ServerError {
  readonly code?: string | undefined
  readonly message: string
  readonly detail?: string | undefined
  readonly where?: string | undefined
  readonly constraint?: string | undefined
  readonly column?: string | undefined
}

/** The host and database of a pool for people; never a user or a password. */
export const targetOf = (pool: PoolLike): string => {
  const { connectionString, database, host, port } = pool.options ?? {}
  if (connectionString !== undefined) {
    try {
      const url = new URL(connectionString)
      return `${url.host || "localhost"}${url.pathname}`
    } catch {
      return "postgres"
    }
  }
  const server = host ?? process.env["PGHOST"] ?? "localhost"
  const name = database ?? process.env["PGDATABASE"]
  return `${server}${port === undefined ? "" : `:${port}`}${name === undefined ? "" : `/${name}`}`
}
