/** What the bookkeeping keeps of jobs goes when it is forgotten; what shuts out a late worker stays. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { batchOf, commitWith, failure, openCommit, run, Station, stations, useScenes } from "./support.ts"

const { scene } = useScenes()

it("a worker of a job that was forgotten is shut out, and no document of it is left but its token", async () => {
  const s = scene()
  const own = [batchOf(Station, 0, stations(0, 3))]
  expect(await run(s.sink.forget!({ jobs: ["j"], preview: false }))).toEqual(new Map())
  for (const job of ["j.", "j/", "j"]) {
    const batches = [batchOf(Station, 0, stations(0, 3, { power: job.length * 7 + job.charCodeAt(job.length - 1) }))]
    await run(Effect.scoped(commitWith(s.sink, batches, await s.plan(batches), { job, token: 2 })))
  }
  const told = await run(s.sink.forget!({ jobs: ["j", "nobody"], preview: true }))
  expect([...told.keys()]).toEqual(["j"])
  expect(await run(s.sink.forget!({ jobs: ["j", "nobody"], preview: false }))).toEqual(told)
  expect([...(await run(s.sink.forget!({ jobs: ["j", "j.", "j/"], preview: true }))).keys()].sort()).toEqual(["j.", "j/"])
  expect(await failure(Effect.scoped(openCommit(s.sink, own, { job: "j", token: 1 })))).toMatchObject({ reason: "Fenced" })
})
