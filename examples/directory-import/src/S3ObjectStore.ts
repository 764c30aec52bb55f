/**
 * Objects in a bucket that speaks S3, by Amazon's own client.
 */
import { createReadStream } from "node:fs"
import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3"
import type { ObjectStore } from "./ObjectStore.ts"

/** A bucket, or a part of it by a prefix such as `documents/`. Credentials, region and retries are the client's. */
export const make = (client: S3Client, bucket: string, prefix = ""): ObjectStore => ({
  name: `s3://${bucket}/${prefix}`,
  size: async (key) => {
    try {
      return (await client.send(new HeadObjectCommand({ Bucket: bucket, Key: `${prefix}${key}` }))).ContentLength
    } catch (cause) {
      if ((cause as { readonly name?: string }).name === "NotFound") return undefined
      throw cause
    }
  },
  put: async (key, file, bytes) => {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: `${prefix}${key}`, Body: createReadStream(file), ContentLength: bytes }),
    )
  },
})

/** A bucket at Amazon, or at an endpoint that speaks the same; credentials and region are those of the environment. */
export const connect = (bucket: string, endpoint: string | undefined): ObjectStore =>
  make(new S3Client(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }), bucket)
