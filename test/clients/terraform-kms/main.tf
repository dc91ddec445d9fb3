terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "trust_anchor" { type = string }

provider "aws" {
  region                  = "us-east-1"
  access_key              = "111111111111"
  secret_key              = "test"
  skip_metadata_api_check = true
  max_retries             = 1
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

provider "aws" {
  alias                   = "europe"
  region                  = "eu-central-1"
  access_key              = "111111111111"
  secret_key              = "test"
  skip_metadata_api_check = true
  max_retries             = 1
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

locals {
  kinds = {
    rsa_encrypt = { spec = "RSA_2048", usage = "ENCRYPT_DECRYPT" }
    rsa_sign    = { spec = "RSA_3072", usage = "SIGN_VERIFY" }
    ecc_sign    = { spec = "ECC_NIST_P384", usage = "SIGN_VERIFY" }
    secg        = { spec = "ECC_SECG_P256K1", usage = "SIGN_VERIFY" }
    agreement   = { spec = "ECC_NIST_P256", usage = "KEY_AGREEMENT" }
    hmac        = { spec = "HMAC_512", usage = "GENERATE_VERIFY_MAC" }
  }
}

resource "aws_kms_key" "kind" {
  for_each                 = local.kinds
  description              = each.key
  customer_master_key_spec = each.value.spec
  key_usage                = each.value.usage
  deletion_window_in_days  = 7
}

data "aws_kms_public_key" "signer" {
  key_id = aws_kms_key.kind["ecc_sign"].arn
}

resource "aws_kms_key" "primary" {
  description             = "in two Regions"
  multi_region            = true
  enable_key_rotation     = true
  rotation_period_in_days = 180
  deletion_window_in_days = 7
}

resource "aws_kms_replica_key" "europe" {
  provider                = aws.europe
  description             = "the replica"
  primary_key_arn         = aws_kms_key.primary.arn
  deletion_window_in_days = 7
  tags                    = { where = "europe" }
}

resource "aws_kms_alias" "primary" {
  name          = "alias/two-regions"
  target_key_id = aws_kms_key.primary.key_id
}

resource "aws_kms_external_key" "own" {
  description             = "material from outside"
  key_material_base64     = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
  valid_to                = timeadd(plantimestamp(), "2400h")
  enabled                 = true
  deletion_window_in_days = 7
  lifecycle { ignore_changes = [valid_to] }
}

resource "aws_kms_external_key" "own_everywhere" {
  multi_region            = true
  key_material_base64     = "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
  enabled                 = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_external_key" "own_in_europe" {
  provider                = aws.europe
  primary_key_arn         = aws_kms_external_key.own_everywhere.arn
  key_material_base64     = "MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
  enabled                 = true
  deletion_window_in_days = 7
}

resource "aws_kms_grant" "verifier" {
  name              = "verifier"
  key_id            = aws_kms_key.kind["hmac"].key_id
  grantee_principal = aws_iam_role.verifier.arn
  operations        = ["GenerateMac", "VerifyMac"]
}

resource "aws_iam_role" "verifier" {
  name = "verifier"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_kms_ciphertext" "secret" {
  key_id    = aws_kms_key.primary.key_id
  plaintext = "for whoever may read it"
  context   = { purpose = "test" }
}

data "aws_kms_secrets" "secret" {
  secret {
    name    = "opened"
    payload = aws_kms_ciphertext.secret.ciphertext_blob
    context = { purpose = "test" }
  }
}

resource "aws_kms_custom_key_store" "hsm" {
  cloud_hsm_cluster_id     = "cluster-abcdefghijk"
  custom_key_store_name    = "hsm"
  key_store_password       = "kmsuser-password"
  trust_anchor_certificate = var.trust_anchor
}

output "opened" {
  value     = data.aws_kms_secrets.secret.plaintext["opened"]
  sensitive = true
}

output "public_key" {
  value = data.aws_kms_public_key.signer.public_key_pem
}
