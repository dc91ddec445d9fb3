resource "aws_s3_bucket" "vault" {
  bucket              = "tf-vault"
  object_lock_enabled = true
  force_destroy       = true
}

resource "aws_s3_bucket_object_lock_configuration" "vault" {
  bucket = aws_s3_bucket.vault.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = local.second ? 2 : 1
    }
  }
}

resource "aws_s3_object" "locked" {
  bucket                        = aws_s3_bucket.vault.id
  key                           = "locked.txt"
  content                       = "locked"
  object_lock_legal_hold_status = local.second ? "OFF" : "ON"
  object_lock_mode              = "GOVERNANCE"
  object_lock_retain_until_date = timeadd(plantimestamp(), "1h")
  force_destroy                 = true
  lifecycle { ignore_changes = [object_lock_retain_until_date] }
}
