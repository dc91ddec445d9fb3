/** What a blob's ciphertext belongs to: decryption names the same, so blobs cannot be exchanged behind S3's back. */
export const blobIdentity = (bucket: string, key: string, blob: string): string => `s3 ${bucket}/${key} ${blob}`

/** Bodies up to here are handled as one buffer: one segment of crypto/objectCipher. */
export const SMALL = 64 * 1024
