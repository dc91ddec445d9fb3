/** Volumes and most else carry the account. */
export const ec2Arn = (region: string, account: string, kind: string, id: string): string =>
  `arn:aws:ec2:${region}:${account}:${kind}/${id}`

export const volumeArn = (region: string, account: string, id: string): string => ec2Arn(region, account, 'volume', id)

/** Snapshots and images name no account: one that does never matches (facts: captures 1.2). */
export const snapshotArn = (region: string, id: string): string => `arn:aws:ec2:${region}::snapshot/${id}`
export const imageArn = (region: string, id: string): string => `arn:aws:ec2:${region}::image/${id}`
