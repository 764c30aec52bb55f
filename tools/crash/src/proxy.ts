/**
 * A proxy in front of a server, through which a worker's connections can be dropped all at once.
 *
 * @module
 */
import { connect, createServer, type Socket } from "node:net"

/** A running proxy. */
export interface Proxy {
  /** The same URL by way of the proxy. */
  readonly url: string
  readonly sever: () => void
  readonly close: () => Promise<void>
}

const through = (url: string, port: number): string => {
  const changed = new URL(url)
  changed.host = `127.0.0.1:${port}`
  changed.searchParams.delete("replicaSet")
  changed.searchParams.set("directConnection", "true")
  return changed.href
}

/** Starts a proxy to the server of a MongoDB URL. */
export const startProxy = (url: string): Promise<Proxy> => {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isCut = false
  const sever = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(port || 27_017), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => {})
      socket.on("close", () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.on("data", (data) => other.write(data))
    }
  })
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve({
        url: through(url, (server.address() as { readonly port: number }).port),
        sever,
        close: () => {
          sever()
          return new Promise((done) => server.close(() => done()))
        },
      }),
    ),
  )
}
