import { free } from './byteStream.ts'

/** Just under the most that glibc adapts to (DEFAULT_MMAP_THRESHOLD_MAX, 32 MiB). */
const LENGTH = 33_000_000

/**
 * Has the C library keep the memory of large buffers for the next ones. glibc gets each allocation of some size from the kernel
 * and gives it back, so that all its pages are faulted in and zeroed anew, until one as large has been freed (mallopt(3),
 * `M_MMAP_THRESHOLD`). The one freed here is never touched and so never takes memory. Streams of large objects become a tenth
 * faster (docs/speed.md); with another C library nothing changes. For a process of our own: it lasts for all of the process.
 */
export function keepLargeBuffers(): void {
  free(Buffer.allocUnsafeSlow(LENGTH))
}
