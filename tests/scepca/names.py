# SPDX-License-Identifier: Apache-2.0
"""The numbers and names of RFC 8894, and of the algorithms it speaks of.

Nothing here acts; every other module of the package reads these tables.
"""

CERT_REP = 3
RENEWAL_REQ = 17
PKCS_REQ = 19
CERT_POLL = 20
GET_CERT = 21
GET_CRL = 22

# RFC 8894, 3.2.1.2
MESSAGE_NAMES = {
    CERT_REP: "CertRep",
    RENEWAL_REQ: "RenewalReq",
    PKCS_REQ: "PKCSReq",
    CERT_POLL: "CertPoll",
    GET_CERT: "GetCert",
    GET_CRL: "GetCRL",
}

# RFC 8894, 3.2.1.3
SUCCESS = 0
FAILURE = 2
PENDING = 3
STATUS_NAMES = {SUCCESS: "SUCCESS", FAILURE: "FAILURE", PENDING: "PENDING"}

# RFC 8894, 3.2.1.4
BAD_ALG = 0
BAD_MESSAGE_CHECK = 1
BAD_REQUEST = 2
BAD_TIME = 3
BAD_CERT_ID = 4

# RFC 8894, 3.2.1: the signed attributes, by the names the RFC gives them.
ATTRIBUTES = {
    "messageType": "2.16.840.1.113733.1.9.2",
    "pkiStatus": "2.16.840.1.113733.1.9.3",
    "failInfo": "2.16.840.1.113733.1.9.4",
    "senderNonce": "2.16.840.1.113733.1.9.5",
    "recipientNonce": "2.16.840.1.113733.1.9.6",
    "transactionID": "2.16.840.1.113733.1.9.7",
    "failInfoText": "1.3.6.1.5.5.7.24.1",
}

NONCE_LENGTH = 16

OPERATIONS = ("GetCACaps", "GetCACert", "PKIOperation", "GetNextCACert")

CONTENT_TYPES = {
    "caps": "text/plain",
    "one": "application/x-x509-ca-cert",
    "several": "application/x-x509-ca-ra-cert",
    "next": "application/x-x509-next-ca-cert",
    "message": "application/x-pki-message",
}

# Our name -> (asn1crypto's name, key bytes, block bytes)
CIPHERS = {
    "aes128": ("aes128_cbc", 16, 16),
    "aes192": ("aes192_cbc", 24, 16),
    "aes256": ("aes256_cbc", 32, 16),
    "3des": ("tripledes_3key", 24, 8),
    "des": ("des", 8, 8),
    "rc2": ("rc2", 16, 8),
}
CIPHER_NAMES = {entry[0]: name for name, entry in CIPHERS.items()}

# The ways in which a reply to an EC key is encrypted: see recipients.py.  The
# last are made by OpenSSL's command line.
EC_REPLIES = ("password", "agreement", "openssl_password", "openssl_agreement")

DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
