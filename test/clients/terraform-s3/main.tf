terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "stage" {
  type    = string
  default = "first"
}

locals { second = var.stage == "second" }

provider "aws" {
  region                  = "us-east-1"
  access_key              = "111111111111"
  secret_key              = "test"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  skip_region_validation  = true
  max_retries             = 1
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    s3  = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_kms_key" "data" {
  deletion_window_in_days = 7
}

resource "aws_kms_alias" "data" {
  name          = "alias/tf-s3"
  target_key_id = aws_kms_key.data.key_id
}

resource "aws_s3_bucket" "data" {
  bucket        = "tf-data"
  force_destroy = true
  tags          = { stage = var.stage }
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = local.second ? "Suspended" : "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    bucket_key_enabled = local.second
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = local.second
}

data "aws_iam_policy_document" "data" {
  statement {
    sid       = "OnlyUnderTheKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEqualsIfExists"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.data.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = data.aws_iam_policy_document.data.json
}

resource "aws_s3_bucket_cors_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = local.second ? ["GET", "PUT"] : ["GET"]
    allowed_origins = ["https://app.example.com"]
    expose_headers  = ["ETag"]
    max_age_seconds = 300
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    id     = "tmp"
    status = "Enabled"
    filter { prefix = "tmp/" }
    expiration { days = 3 }
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
  }
  rule {
    id     = "old"
    status = "Enabled"
    filter {
      and {
        prefix = "logs/"
        tags   = { keep = "no" }
      }
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    noncurrent_version_expiration { noncurrent_days = 90 }
  }
}

resource "aws_s3_bucket_logging" "data" {
  bucket        = aws_s3_bucket.data.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = local.second ? "access/" : "log/"
  depends_on    = [aws_s3_bucket_acl.logs]
}

resource "aws_s3_bucket_notification" "data" {
  bucket      = aws_s3_bucket.data.id
  eventbridge = true
}

resource "aws_s3_bucket_request_payment_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  payer  = local.second ? "BucketOwner" : "Requester"
}

resource "aws_s3_bucket_accelerate_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  status = local.second ? "Suspended" : "Enabled"
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.logs.id
  index_document { suffix = "index.html" }
  error_document { key = local.second ? "error.html" : "oops.html" }
  routing_rule {
    condition { key_prefix_equals = "docs/" }
    redirect { replace_key_prefix_with = "documents/" }
  }
}

resource "aws_s3_object" "report" {
  bucket                 = aws_s3_bucket.data.id
  key                    = "report.txt"
  content                = var.stage
  content_type           = "text/plain"
  server_side_encryption = "aws:kms"
  kms_key_id             = aws_kms_key.data.arn
  metadata               = { team = "blue" }
  tags                   = { stage = var.stage }
  depends_on             = [aws_s3_bucket_versioning.data, aws_s3_bucket_policy.data]
}

resource "aws_s3_object_copy" "copy" {
  bucket                 = aws_s3_bucket.data.id
  key                    = "copy of ${var.stage}.txt"
  source                 = "${aws_s3_bucket.data.id}/${aws_s3_object.report.key}"
  tagging_directive      = "REPLACE"
  tags                   = { copy = "yes" }
  server_side_encryption = "aws:kms"
  kms_key_id             = aws_kms_key.data.arn
}

data "aws_s3_object" "copy" {
  bucket = aws_s3_bucket.data.id
  key    = aws_s3_object_copy.copy.key
}

data "aws_s3_objects" "all" {
  bucket     = aws_s3_bucket.data.id
  depends_on = [aws_s3_object_copy.copy]
}

data "aws_s3_bucket" "data" { bucket = aws_s3_bucket.data.id }
data "aws_s3_bucket_policy" "data" { bucket = aws_s3_bucket_policy.data.id }
data "aws_canonical_user_id" "me" {}

resource "aws_s3_bucket" "logs" {
  bucket        = "tf-logs"
  force_destroy = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule { object_ownership = local.second ? "ObjectWriter" : "BucketOwnerPreferred" }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket = aws_s3_bucket.logs.id
  access_control_policy {
    owner { id = data.aws_canonical_user_id.me.id }
    grant {
      permission = "FULL_CONTROL"
      grantee {
        type = "CanonicalUser"
        id   = data.aws_canonical_user_id.me.id
      }
    }
    grant {
      permission = "WRITE"
      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/s3/LogDelivery"
      }
    }
  }
  depends_on = [aws_s3_bucket_ownership_controls.logs]
}

resource "aws_s3_object" "shared" {
  bucket     = aws_s3_bucket.logs.id
  key        = "shared.txt"
  content    = "shared"
  acl        = "bucket-owner-full-control"
  depends_on = [aws_s3_bucket_acl.logs]
}

output "copied" { value = data.aws_s3_object.copy.body }
output "keys" { value = data.aws_s3_objects.all.keys }
