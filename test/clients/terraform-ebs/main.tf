# Volumes and snapshots: made, tagged, copied, and shared with another account, which copies what it was given into another Region.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "size" { type = number }
variable "shared" { type = bool }

provider "aws" {
  region                  = "us-east-1"
  access_key              = "111111111111"
  secret_key              = "test"
  skip_metadata_api_check = true
  max_retries             = 1
  endpoints {
    ec2 = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

provider "aws" {
  alias                   = "other"
  region                  = "us-west-2"
  access_key              = "222222222222"
  secret_key              = "test"
  skip_metadata_api_check = true
  max_retries             = 1
  endpoints {
    ec2 = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

data "aws_caller_identity" "me" {}
data "aws_caller_identity" "other" { provider = aws.other }
data "aws_regions" "all" {}
data "aws_availability_zones" "here" { state = "available" }

resource "aws_kms_key" "shared" {
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }, Action = "kms:*", Resource = "*" },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.other.account_id}:root" }
        Action    = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.other.account_id}:root" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_kms_key" "default" { deletion_window_in_days = 7 }

resource "aws_kms_key" "other" {
  provider                = aws.other
  deletion_window_in_days = 7
}

resource "aws_ebs_encryption_by_default" "on" { enabled = true }
resource "aws_ebs_default_kms_key" "default" { key_arn = aws_kms_key.default.arn }
resource "aws_ebs_snapshot_block_public_access" "all" { state = "block-all-sharing" }

data "aws_ebs_encryption_by_default" "read" { depends_on = [aws_ebs_encryption_by_default.on] }
data "aws_ebs_default_kms_key" "read" { depends_on = [aws_ebs_default_kms_key.default] }

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_availability_zones.here.names[0]
  size              = var.size
  type              = "gp3"
  encrypted         = true
  kms_key_id        = aws_kms_key.shared.arn
  tags              = { Name = "data", size = var.size }
}

# Encrypted because the account says so, under the key that it says.
resource "aws_ebs_volume" "by_default" {
  availability_zone = data.aws_availability_zones.here.names[1]
  size              = 4
  type              = "io2"
  iops              = 200
  depends_on        = [aws_ebs_encryption_by_default.on, aws_ebs_default_kms_key.default]
}

resource "aws_ebs_snapshot" "data" {
  volume_id   = aws_ebs_volume.data.id
  description = "of data"
  tags        = { Name = "data", shared = var.shared }
}

resource "aws_ebs_snapshot_copy" "here" {
  source_region      = "us-east-1"
  source_snapshot_id = aws_ebs_snapshot.data.id
  encrypted          = true
  kms_key_id         = aws_kms_key.default.arn
  description        = "under another key"
}

resource "aws_snapshot_create_volume_permission" "other" {
  count       = var.shared ? 1 : 0
  snapshot_id = aws_ebs_snapshot.data.id
  account_id  = data.aws_caller_identity.other.account_id
}

resource "aws_ebs_snapshot_copy" "other" {
  count              = var.shared ? 1 : 0
  provider           = aws.other
  source_region      = "us-east-1"
  source_snapshot_id = aws_ebs_snapshot.data.id
  encrypted          = true
  kms_key_id         = aws_kms_key.other.arn
  depends_on         = [aws_snapshot_create_volume_permission.other]
}

data "aws_ebs_volume" "data" {
  most_recent = true
  filter {
    name   = "tag:Name"
    values = ["data"]
  }
  depends_on = [aws_ebs_volume.data]
}

data "aws_ebs_volumes" "data" {
  tags       = { Name = "data" }
  depends_on = [aws_ebs_volume.data]
}

data "aws_ebs_snapshot" "data" {
  most_recent = true
  owners      = ["self"]
  filter {
    name   = "encrypted"
    values = ["true"]
  }
  snapshot_ids = [aws_ebs_snapshot.data.id]
}

data "aws_ebs_snapshot_ids" "mine" {
  owners = ["self"]
  filter {
    name   = "tag:Name"
    values = ["dat*"]
  }
  depends_on = [aws_ebs_snapshot.data]
}

output "regions" { value = data.aws_regions.all.names }
output "volume" { value = aws_ebs_volume.data.id }
output "snapshot" { value = aws_ebs_snapshot.data.id }
output "found" {
  value = {
    volume    = data.aws_ebs_volume.data.id
    volumes   = data.aws_ebs_volumes.data.ids
    snapshot  = data.aws_ebs_snapshot.data.id
    snapshots = data.aws_ebs_snapshot_ids.mine.ids
  }
}
output "by_default" {
  value = {
    enabled   = data.aws_ebs_encryption_by_default.read.enabled
    key       = data.aws_ebs_default_kms_key.read.key_arn == aws_kms_key.default.arn
    encrypted = aws_ebs_volume.by_default.encrypted
    under_key = aws_ebs_volume.by_default.kms_key_id == aws_kms_key.default.arn
  }
}
output "copies_of_others" {
  value = [for copy in aws_ebs_snapshot_copy.other : { owner = copy.owner_id, size = copy.volume_size }]
}
