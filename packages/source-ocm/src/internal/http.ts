/** The one file that speaks HTTP: a GET whose whole answer is read as text, within a time and a size. */
import type { Source } from "@waybill/core"
import { type Duration, Effect, Layer, Stream } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import { tooLarge, tooSlow, unreachable } from "./classifyError.ts"

/** The service that requests are made with: Effect's HTTP client. */
export type Http = HttpClient.HttpClient

/**
 * The platform's `fetch`, which does not follow redirects: `fetch` would send the key along to whatever host it is sent to.
 */
export const layerFetch: Layer.Layer<Http> = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" })),
)

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly text: string
}

/** What a GET may use up. */
export interface Bounds {
  readonly timeout: Duration.Duration
  readonly bytes: number
}

// what the driver below the client said, never the client's error: that one holds the request with its headers
const causeOf = (error: HttpClientError): unknown => ("cause" in error.reason ? error.reason.cause : undefined)

/** Gets `url`. The platform's client asks for compressed answers and unpacks them by itself. */
export const get: (
  url: string,
  headers: { readonly [name: string]: string },
  bounds: Bounds,
) => Effect.Effect<Answer, Source.SourceError, Http> = Effect.fnUntraced(function* (url, headers, { bytes, timeout }) {
  const client = HttpClient.withScope(yield* HttpClient.HttpClient)
  const read = Effect.gen(function* () {
    const response = yield* client.get(url, { headers }).pipe(Effect.mapError((error) => unreachable(causeOf(error))))
    const chunks: Array<Uint8Array> = []
    let size = 0
    yield* response.stream.pipe(
      Stream.mapError((error) => unreachable(causeOf(error))),
      Stream.runForEach((chunk) => {
        size += chunk.length
        chunks.push(chunk)
        return size > bytes ? Effect.fail(tooLarge(`an answer larger than ${bytes} bytes`)) : Effect.void
      }),
    )
    const { headers: received, status } = response
    return { status, headers: received, text: Buffer.concat(chunks).toString("utf8") }
  })
  return yield* read.pipe(
    Effect.scoped,
    Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(tooSlow(timeout)) }),
    // another company's API has no use for our traces
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
  )
})
