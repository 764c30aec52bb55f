/**
 * Private databases on a MongoDB server: named at random, dropped by whoever named them.
 *
 * @module
 */

import { type Document, MongoClient } from "mongodb"
import { hostOf, reasonOf } from "./reason.ts"
import { once, type PrivateDatabase, privateName } from "./server.ts"

/** Runs one command on its own connection; an error names the server, never its credentials. */
export const commandMongo = async (url: string, database: string, command: Document): Promise<Document> => {
  try {
    const client = new MongoClient(url, /[?&]serverSelectionTimeoutMS=/i.test(url) ? {} : { serverSelectionTimeoutMS: 10_000 })
    try {
      return await client.db(database).command(command)
    } finally {
      await client.close()
    }
  } catch (error) {
    throw new Error(`MongoDB at ${hostOf(url)}: ${reasonOf(error, url)}`)
  }
}

/** The same server with another database in the path; who logs in there still does so against the same user list. */
const withDatabase = (url: string, name: string): string => {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url)
  if (!parts) throw new Error("This is not the URL of a MongoDB server.")
  const [, server = "", path = "", query = ""] = parts
  const parameters = query.split("&").filter((parameter) => parameter !== "")
  const listed = parameters.some((parameter) => /^authSource=/i.test(parameter))
  if (server.includes("@") && !listed) parameters.push(`authSource=${path === "" ? "admin" : path}`)
  return `${server}/${name}${parameters.length > 0 ? `?${parameters.join("&")}` : ""}`
}

/** Names a database of its own on the server at `server.url`; MongoDB makes it with the first document. */
export const createMongoDatabase = async (server: { readonly url: string }): Promise<PrivateDatabase> => {
  const name = privateName()
  return {
    name,
    url: withDatabase(server.url, name),
    drop: once(async () => {
      await commandMongo(server.url, name, { dropDatabase: 1 })
    }),
  }
}
