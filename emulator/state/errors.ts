/** The state on disk cannot be used as it is. The message names the file, the place and what can be done. */
export class StateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StateError'
  }
}

/** Work that outlived the emulator: nothing can be read or written any more. */
export class StoreClosed extends StateError {
  constructor() {
    super('the store is closed')
    this.name = 'StoreClosed'
  }
}

/** No blob has this id (any more). */
export class BlobMissing extends Error {
  constructor(id: string) {
    super(`no blob \`${id}\``)
    this.name = 'BlobMissing'
  }
}
