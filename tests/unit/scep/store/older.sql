-- SPDX-License-Identifier: Apache-2.0
-- A state database as scepagent wrote it before its sources were in folders
-- (schema version 2): a key in use by two locations and the one that it
-- replaced, a timer, and a request that the CA keeps PENDING.  Not to be
-- changed: test_store_older holds today's store against it.

CREATE TABLE "profile" ("index" INTEGER PRIMARY KEY, "name" TEXT,
  "storage_type" INTEGER, "row_status" INTEGER, "server_url" TEXT,
  "server_port" INTEGER, "server_timeout" INTEGER,
  "server_ca_identifier" TEXT, "server_ca_fingerprint" BLOB,
  "server_ca_trust_policy" INTEGER, "server_http_method" INTEGER,
  "server_cipher" INTEGER, "server_require_standard" INTEGER,
  "server_renewal_mode" INTEGER, "server_proxy_url" TEXT,
  "auto_key_name" TEXT, "auto_signature_algorithm" INTEGER,
  "auto_key_length" INTEGER, "auto_organization" TEXT,
  "auto_common_name" TEXT, "auto_subject_extra" TEXT,
  "auto_subject_alt_name" TEXT, "auto_key_usage" INTEGER,
  "auto_extended_key_usage" TEXT, "auto_challenge_password" BLOB,
  "auto_use_location" TEXT, "auto_enable" INTEGER, "auto_start_time" INTEGER,
  "auto_adjust" INTEGER, "auto_adjust_max" INTEGER, "auto_poll" INTEGER,
  "auto_poll_count" INTEGER, "auto_poll_interval" INTEGER,
  "auto_periodic" INTEGER, "auto_periodic_interval" INTEGER,
  "auto_periodic_unit" INTEGER, "auto_renew_before" INTEGER,
  "auto_missed_policy" INTEGER, "auto_restart" INTEGER,
  "auto_delete_old_key" INTEGER, "auto_adjust_applied" INTEGER,
  "auto_next_request_time" INTEGER, "auto_memory.handled" INTEGER,
  "auto_memory.planned_due" INTEGER, "auto_memory.planned_from" INTEGER,
  "auto_memory.last_try" INTEGER, "auto_memory.planned_jitter" INTEGER,
  "auto_memory.planned_trigger" INTEGER, "auto_memory.last_failed" INTEGER,
  "auto_lacks_challenge" INTEGER);
INSERT INTO "profile" VALUES (1, '', 3, 1, 'http://ca.example/scep', 0, 30,
  '', X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403', 1,
  1, 1, 0, 1, '', 'web', 2, 1024, '', 'printer.example', '', '', 5, '', X'',
  'web,vpn', 1, 1796144764, 0, 600, 0, 10, 300, 0, 1, 6, 0, 1, 0, 1, 0, 0,
  1796144764, 0, 0, 1796144764, 0, 0, 0, 0);
INSERT INTO "profile" VALUES (2, 'second', 3, 1, 'http://ca.example/scep', 0,
  30, '',
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403', 1, 1,
  1, 0, 1, '', '', 2, 2048, '', '', '', '', 5, '',
  X'6f6620746865207365636f6e642074696d6572', '', 0, 0, 0, 600, 1, 10, 600, 0,
  1, 6, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE "status" ("index" INTEGER PRIMARY KEY, "profile_index" INTEGER,
  "profile_name" TEXT, "request_time" INTEGER, "state" INTEGER,
  "detail" INTEGER, "http_status" INTEGER, "fail_info" INTEGER,
  "fail_info_text" TEXT, "text" TEXT, "trigger" INTEGER, "key_name" TEXT,
  "use_location" TEXT, "message_type" INTEGER, "transaction_id" TEXT,
  "polls" INTEGER, "next_poll" INTEGER, "finish_time" INTEGER,
  "key_index" INTEGER);
INSERT INTO "status" VALUES (1, 1, '', 1796144764, 4, 1, 0, 254, '', '', 1,
  'web', 'web,vpn', 2,
  'ed283e6ca8559f926596aa5d33c47ab5e8a0b98db9a69736f9becf83b3cfcfe9', 0, 0,
  1796144764, 1);
INSERT INTO "status" VALUES (2, 1, '', 1796144764, 4, 1, 0, 254, '', '', 2,
  'web', 'web,vpn', 3,
  '6bcf5dbaa9f4e80030cad1af3be114bebe7b9075a81f533c37f13e8c8f1aa323', 0, 0,
  1796144764, 2);
INSERT INTO "status" VALUES (3, 2, 'second', 1796144764, 2, 2, 0, 254, '',
  'Deferred: the server says PENDING', 1, 'web', '', 2,
  '3b71faae8086f5fc8db7272b6d1df71d7ae2f6452e1605660c4240c47fb1345f', 0,
  1796145364, 0, 0);

CREATE TABLE "key" ("index" INTEGER PRIMARY KEY, "name" TEXT,
  "algorithm" INTEGER, "length" INTEGER, "is_default" INTEGER,
  "is_corrupt" INTEGER, "is_revoked" INTEGER, "subject" TEXT, "issuer" TEXT,
  "serial" BLOB, "not_before" INTEGER, "not_after" INTEGER,
  "fingerprint" BLOB, "subject_alt_name" TEXT, "use_location" TEXT,
  "profile_index" INTEGER, "replaces" INTEGER, "install_time" INTEGER,
  "file_id" TEXT, "successor" INTEGER, "issuer_fingerprint" BLOB);
INSERT INTO "key" VALUES (2, 'web', 2, 1024, 0, 0, 0, 'CN=printer.example',
  'CN=Test CA', X'03', 1796058364, 1827680764,
  X'56a3d131363497853187ded21af333b862280a35337ae2ef2b7f0d88bb39236c', '',
  'web,vpn', 1, 1, 1796144764, 'dd99adbcf1136a3c4ab81c3e2f7e93e9', 0,
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403');

CREATE TABLE "ca" ("index" INTEGER PRIMARY KEY, "profile_index" INTEGER,
  "subject" TEXT, "issuer" TEXT, "serial" BLOB, "not_before" INTEGER,
  "not_after" INTEGER, "fingerprint" BLOB, "role" INTEGER, "source" INTEGER,
  "trust" INTEGER);
INSERT INTO "ca" VALUES (1, 1, 'CN=Test CA', 'CN=Test CA', X'01', 1793552764,
  2111504764,
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403', 1, 2,
  2);
INSERT INTO "ca" VALUES (2, 2, 'CN=Test CA', 'CN=Test CA', X'01', 1793552764,
  2111504764,
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403', 1, 2,
  2);

CREATE TABLE "record" ("index" INTEGER PRIMARY KEY, "profile_index" INTEGER,
  "step" INTEGER, "is_parked" INTEGER, "server_url" TEXT,
  "server_port" INTEGER, "server_timeout" INTEGER,
  "server_ca_identifier" TEXT, "server_ca_fingerprint" BLOB,
  "server_ca_trust_policy" INTEGER, "server_http_method" INTEGER,
  "server_cipher" INTEGER, "server_require_standard" INTEGER,
  "server_renewal_mode" INTEGER, "server_proxy_url" TEXT,
  "values_key_name" TEXT, "values_signature_algorithm" INTEGER,
  "values_key_length" INTEGER, "values_organization" TEXT,
  "values_common_name" TEXT, "values_subject_extra" TEXT,
  "values_subject_alt_name" TEXT, "values_key_usage" INTEGER,
  "values_extended_key_usage" TEXT, "values_challenge_password" BLOB,
  "values_use_location" TEXT, "caps" INTEGER, "key_index" INTEGER,
  "file_id" TEXT, "transaction_id" TEXT, "replaces" INTEGER,
  "old_file_id" TEXT, "action_key" INTEGER, "renewal_was_refused" INTEGER,
  "polls_left" INTEGER, "was_pending" INTEGER, "doubt" INTEGER,
  "next_try" INTEGER, "signer" BLOB, "trust" BLOB, "issued" BLOB);
INSERT INTO "record" VALUES (3, 2, 6, 0, 'http://ca.example/scep', 0, 30, '',
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403', 1, 1,
  1, 0, 1, '', 'web', 2, 1024, '', 'printer.example', '', '', 5, '',
  X'6f70656e2d736573616d652d31323334', '', 345, 3,
  'b0b42180b930d4e4c1dc063227999119',
  '3b71faae8086f5fc8db7272b6d1df71d7ae2f6452e1605660c4240c47fb1345f', 0, '',
  0, 0, 0, 1, 0, 1796145364,
  CAST('-----BEGIN CERTIFICATE-----
MIIByzCCATSgAwIBAgIQWj6elvI0YkhstiPtU/bnpTANBgkqhkiG9w0BAQsFADAa
MRgwFgYDVQQDEw9wcmludGVyLmV4YW1wbGUwHhcNMjYxMjAxMTY1NjA0WhcNMjcx
MjAxMTcwNjA0WjAaMRgwFgYDVQQDEw9wcmludGVyLmV4YW1wbGUwgZ8wDQYJKoZI
hvcNAQEBBQADgY0AMIGJAoGBAKg5oXalLa0FlAnJO7wizEu+2Al1HUL/eh0ZU0k1
CBQnr2nLygM/iIMOtZ3qrL+8jsTXh2Gv9TLz/9RLhoraJc0W5riFLMelRkbQhQOW
bt3b9ue8a9HUUH1YNfa3il/wO5KLyncLKcIhkvnIYEUupGM1+WUFR/A0rYuUk29t
mzXNAgMBAAGjEjAQMA4GA1UdDwEB/wQEAwIFoDANBgkqhkiG9w0BAQsFAAOBgQAy
qFajxCr6HXAzdfmvgM3b3v9FTYKc3u4YvNEb0+heCM87uH3kZBYKC8bOVrfBvzj6
j7uTtgSXM20FMTKPSpP5TOzQwtjeenAGRo4fURvbwqRB37RLAtXcQj/1jwg38/Cw
ssjg3/TIErR0n0jVqLfYqBrT+iJwuaeimOS30XT4bA==
-----END CERTIFICATE-----
' AS BLOB),
  CAST('-----BEGIN CERTIFICATE-----
MIIC4TCCAcmgAwIBAgIBATANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdUZXN0
IENBMB4XDTI2MTEwMTE3MDYwNFoXDTM2MTEyODE3MDYwNFowEjEQMA4GA1UEAwwH
VGVzdCBDQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKnkcYyQtASz
d6pwxSYCFCfFr0SjTbcYd/PxC4NPa0um6F0sZ74nwTvIRhGK+tfNAFNq5v+D8i7F
Ys92Ffgu2HmnWYJBNbhnzoAwx0cBMF2a1kdtUin33GR2a5ZvsJmM4fH5ye94OLSS
JYFoiqC230bLshvaeyF96KSBVmYabF+WjktuX1uf0np6ucHfgy1bUNXJecJfS2EE
HgqYkrGNa4dPZoTN0L7cIHOcRLqgWNhgSV6EbjSa6xLOvb7DcWGsOlGiTH0LPOs0
10Brjqyu4zhxR1TpW02w8GBKT6npRhhtARNC+aMuDsAf4jUbT6KkdPq3KqT8GTmP
K67mwc4E/E0CAwEAAaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUuhOM
FgtzZBKqw2f5jGLcFE9HqEwwDgYDVR0PAQH/BAQDAgGmMA0GCSqGSIb3DQEBCwUA
A4IBAQA7FAZI4AlcdZm4mwVCEAbNM03YBKrjqHsgRM1AsHu+vJ/5vmUrzmfbIXde
9EbSfj/dI6Y4v2QX0Jp/+vHgovCbn4qaRVEEs9uoxfbJLF18Uxl3EBJiYejmzcTt
ipBwUaFSOuwL04eLqE1ET13MmL7KKozUBJZajmMwP3EqwMWK+B4BdcvoOrMHAtn2
MwLhAqlKxfLChFEjMyjnI2YxmABk/MdlTuIDKLqyXn9bw3ju5tVk3zjxo1pPjkSS
ecmo+hpwqeGp+75MHrgIH2GSqPG52mKeqzi9HNJfGPTCEgYmr+M2fzN/rcL2qP8E
mJAnLCfc3dRfLt/+1KAv8NdINWyn
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIC4TCCAcmgAwIBAgIBATANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdUZXN0
IENBMB4XDTI2MTEwMTE3MDYwNFoXDTM2MTEyODE3MDYwNFowEjEQMA4GA1UEAwwH
VGVzdCBDQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKnkcYyQtASz
d6pwxSYCFCfFr0SjTbcYd/PxC4NPa0um6F0sZ74nwTvIRhGK+tfNAFNq5v+D8i7F
Ys92Ffgu2HmnWYJBNbhnzoAwx0cBMF2a1kdtUin33GR2a5ZvsJmM4fH5ye94OLSS
JYFoiqC230bLshvaeyF96KSBVmYabF+WjktuX1uf0np6ucHfgy1bUNXJecJfS2EE
HgqYkrGNa4dPZoTN0L7cIHOcRLqgWNhgSV6EbjSa6xLOvb7DcWGsOlGiTH0LPOs0
10Brjqyu4zhxR1TpW02w8GBKT6npRhhtARNC+aMuDsAf4jUbT6KkdPq3KqT8GTmP
K67mwc4E/E0CAwEAAaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUuhOM
FgtzZBKqw2f5jGLcFE9HqEwwDgYDVR0PAQH/BAQDAgGmMA0GCSqGSIb3DQEBCwUA
A4IBAQA7FAZI4AlcdZm4mwVCEAbNM03YBKrjqHsgRM1AsHu+vJ/5vmUrzmfbIXde
9EbSfj/dI6Y4v2QX0Jp/+vHgovCbn4qaRVEEs9uoxfbJLF18Uxl3EBJiYejmzcTt
ipBwUaFSOuwL04eLqE1ET13MmL7KKozUBJZajmMwP3EqwMWK+B4BdcvoOrMHAtn2
MwLhAqlKxfLChFEjMyjnI2YxmABk/MdlTuIDKLqyXn9bw3ju5tVk3zjxo1pPjkSS
ecmo+hpwqeGp+75MHrgIH2GSqPG52mKeqzi9HNJfGPTCEgYmr+M2fzN/rcL2qP8E
mJAnLCfc3dRfLt/+1KAv8NdINWyn
-----END CERTIFICATE-----
' AS BLOB),
  X'');

CREATE TABLE "use" ("index" INTEGER PRIMARY KEY, "name" TEXT,
  "key_index" INTEGER, "key_name" TEXT, "applied" INTEGER,
  "applied_time" INTEGER, "text" TEXT, "wanted_key" INTEGER,
  "failed_key" INTEGER, "previous_key" INTEGER);
INSERT INTO "use" VALUES (1, 'web', 2, 'web', 2, 1796144764, '', 0, 0, 1);
INSERT INTO "use" VALUES (2, 'vpn', 2, 'web', 2, 1796144764, '', 0, 0, 1);

CREATE TABLE "aside" ("index" INTEGER PRIMARY KEY, "name" TEXT,
  "algorithm" INTEGER, "length" INTEGER, "is_default" INTEGER,
  "is_corrupt" INTEGER, "is_revoked" INTEGER, "subject" TEXT, "issuer" TEXT,
  "serial" BLOB, "not_before" INTEGER, "not_after" INTEGER,
  "fingerprint" BLOB, "subject_alt_name" TEXT, "use_location" TEXT,
  "profile_index" INTEGER, "replaces" INTEGER, "install_time" INTEGER,
  "file_id" TEXT, "successor" INTEGER, "issuer_fingerprint" BLOB);
INSERT INTO "aside" VALUES (1, 'web', 2, 1024, 0, 0, 0, 'CN=printer.example',
  'CN=Test CA', X'02', 1796058364, 1827680764,
  X'd6342ff95c74fec25a82cf566e26e66f12ad7387604f1e845be36813e3b6d19d', '',
  '', 1, 0, 1796144764, '95acc086898dfe5f5b2d7696f4da4b47', 2,
  X'a2a1efb6fadee4d88a5cb27965fbad77a954a6ff4eec4640b907c562fc05d403');

CREATE TABLE "agent" ("index" INTEGER PRIMARY KEY, "status_max_rows" INTEGER,
  "notify_enable" INTEGER, "notify_expiry_days" INTEGER,
  "notify_min_interval" INTEGER, "status_last_index" INTEGER,
  "restart_wanted" INTEGER, "restart_key" INTEGER);
INSERT INTO "agent" VALUES (1, 20, 2047, 30, 300, 3, 0, 0);

CREATE TABLE "counters" ("index" INTEGER PRIMARY KEY,
  "key_last_index" INTEGER, "ca_last_index" INTEGER);
INSERT INTO "counters" VALUES (1, 3, 2);

PRAGMA application_id = 1396917584;
PRAGMA user_version = 2;
