import { defineTask, later } from '../background.ts'
import {
  imagePath,
  snapshotPath,
  type Ec2Call,
  type ImageDevice,
  type ImageRecord,
  type SnapshotRecord,
} from '../state.ts'
import { putImage } from './find.ts'

/** How often an image looks whether its snapshots are done. */
const LOOK = 100

interface Pending {
  readonly imageId: string
}

/** Finishes an image once its snapshots are: available, or failed as soon as one of them has (facts: B7; the reason is not recorded). */
export const finishImage = defineTask({
  kind: 'finishImage',
  keyUse: {},
  run({ imageId }: Pending, call) {
    call.env.store.transaction(() => {
      const image = call.state.images.in().get(imagePath(call.region, imageId))
      if (image?.state !== 'pending') return
      const snapshots = image.devices.flatMap(({ snapshotId }) => (snapshotId === undefined ? [] : [snapshotId]))
      const found = snapshots.map((id) => call.state.snapshots.in().get(snapshotPath(call.region, id)))
      const failed = found.find((snapshot) => snapshot?.state !== 'pending' && snapshot?.state !== 'completed')
      if (failed || found.includes(undefined)) putImage(call, failedImage(image, failed))
      else if (found.some((snapshot) => snapshot?.state === 'pending')) lookAgain(imageId, call)
      else putImage(call, { ...image, state: 'available', devices: image.devices.map((one) => sized(one, call)) })
    })
  },
})

function lookAgain(imageId: string, call: Ec2Call): void {
  later(finishImage, imageId, { imageId }, call, Math.max(LOOK, call.env.asyncDelay))
}

const failedImage = (image: ImageRecord, snapshot: SnapshotRecord | undefined): ImageRecord => ({
  ...image,
  state: 'failed',
  stateReason: {
    code: 'Client.InvalidSnapshot',
    message: `Client.InvalidSnapshot: ${snapshot?.stateMessage ?? 'A snapshot of the image is not there'}`,
  },
})

/** What a snapshot says only when it is done. */
function sized(device: ImageDevice, call: Ec2Call): ImageDevice {
  if (device.snapshotId === undefined) return device
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, device.snapshotId))
  return snapshot ? { ...device, size: device.size ?? snapshot.volumeSize, encrypted: snapshot.encrypted } : device
}
