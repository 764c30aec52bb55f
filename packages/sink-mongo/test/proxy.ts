/**
 * A proxy in front of a server, through which a worker can be cut off for good: before a command goes out, or before its answer comes in.
 */
import { connect, createServer, type Socket } from "node:net"

/** A running proxy. */
export interface ServerProxy {
  readonly port: number
  /** Ends all connections, and all that are tried later. */
  readonly cut: () => void
  /** Lets requests through, and cuts as soon as the server answers one. */
  readonly cutAnswers: () => void
  readonly close: () => Promise<void>
}

/** Starts a proxy to a port of this machine. */
export const startProxy = (host: string, port: number): Promise<ServerProxy> => {
  const sockets = new Set<Socket>()
  let state: "open" | "deaf" | "cut" = "open"
  const cut = () => {
    state = "cut"
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    if (state === "cut") return void near.destroy()
    const far = connect(port, host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => {})
      socket.on("close", () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on("data", (data) => far.write(data))
    far.on("data", (data) => (state === "deaf" ? cut() : near.write(data)))
  })
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as { port: number }).port,
        cut,
        cutAnswers: () => {
          state = "deaf"
        },
        close: () => {
          cut()
          return new Promise((done) => server.close(() => done()))
        },
      }),
    ),
  )
}

/** The same URL by way of a proxy. */
export const throughProxy = (url: string, port: number): string => {
  const changed = new URL(url)
  changed.host = `127.0.0.1:${port}`
  changed.searchParams.delete("replicaSet")
  changed.searchParams.set("directConnection", "true")
  return changed.href
}
