/**
 * A sink that puts the content of documents into an object store before it writes what they are.
 *
 * In this order the database never knows of content that is not there. A crash between the two leaves an object that nobody knows of yet; the commit that goes
 * on finds it and writes the rest. An undo takes documents back and leaves objects, because other documents may have the same content.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import * as path from "node:path"
import { type Batch, Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import { keyOf, type ObjectStore } from "./ObjectStore.ts"

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash("sha256")
  for await (const block of createReadStream(file)) hash.update(block as Buffer)
  return hash.digest("hex")
}

/** The sink; documents' paths begin at `root`. */
export const withContent = (sink: Sink.Sink, objects: ObjectStore, root: string): Sink.Sink => {
  const upload = async (document: { readonly path: string; readonly sha256: string; readonly bytes: number }): Promise<void> => {
    const key = keyOf(document.sha256)
    if ((await objects.size(key)) === document.bytes) return
    const file = path.join(root, ...document.path.split("/"))
    if ((await hashOf(file)) !== document.sha256)
      throw new Sink.SinkError({
        reason: "DataRefused",
        message: `${document.path} is no longer the file that was validated; nothing of it was written`,
        isRetryable: false,
      })
    await objects.put(key, file, document.bytes)
  }
  const uploads = (batch: Batch.Batch, planned: Plan.PlannedBatch) => {
    const at = (name: string) => batch.entity.fields.findIndex((field) => field.name === name)
    const [path_, sha256, bytes] = [at("path"), at("sha256"), at("bytes")]
    const wanted = batch.records().filter((_, index) => Plan.actions[planned.actions[index]!] !== "refuse")
    return Effect.forEach(
      wanted,
      (values) =>
        Effect.tryPromise({
          try: () => upload({ path: values[path_] as string, sha256: values[sha256] as string, bytes: values[bytes] as number }),
          catch: (cause) =>
            cause instanceof Sink.SinkError
              ? cause
              : new Sink.SinkError({
                  reason: "Unreachable",
                  message: `${objects.name}: ${(cause as Error).message}`,
                  isRetryable: true,
                  cause,
                }),
        }),
      { concurrency: 4, discard: true },
    )
  }
  return {
    ...sink,
    kind: `${sink.kind} with content`,
    commit: (context) =>
      Effect.map(
        sink.commit(context),
        (session): Sink.CommitSession => ({
          checkpoint: session.checkpoint,
          ...(session.prepare === undefined ? {} : { prepare: (batch, planned) => session.prepare!(batch, planned) }),
          ...(session.probe === undefined ? {} : { probe: (batch, planned) => session.probe!(batch, planned) }),
          apply: (batch, planned) => Effect.andThen(uploads(batch, planned), session.apply(batch, planned)),
          complete: session.complete,
          verify: (entity, records) => session.verify(entity, records),
        }),
      ),
  }
}
