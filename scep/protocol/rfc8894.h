/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and names of RFC 8894, and limits of ours on what comes from a
 * server.  Nothing here does anything.
 */
#ifndef SCEP_PROTOCOL_RFC8894_H
#define SCEP_PROTOCOL_RFC8894_H

/* 3.2.1.2 messageType */
enum rfc8894_message_type {
	RFC8894_CERT_REP = 3,
	RFC8894_RENEWAL_REQ = 17,
	RFC8894_PKCS_REQ = 19,
	RFC8894_CERT_POLL = 20,
	RFC8894_GET_CERT = 21,
	RFC8894_GET_CRL = 22,
};

/* 3.2.1.3 pkiStatus */
enum rfc8894_pki_status {
	RFC8894_SUCCESS = 0,
	RFC8894_FAILURE = 2,
	RFC8894_PENDING = 3,
};

/* 3.2.1.5 */
#define RFC8894_NONCE_LENGTH 16

/* 3.2.1: object identifiers of the signed attributes */
#define RFC8894_OID_MESSAGE_TYPE    "2.16.840.1.113733.1.9.2"
#define RFC8894_OID_PKI_STATUS	    "2.16.840.1.113733.1.9.3"
#define RFC8894_OID_FAIL_INFO	    "2.16.840.1.113733.1.9.4"
#define RFC8894_OID_SENDER_NONCE    "2.16.840.1.113733.1.9.5"
#define RFC8894_OID_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define RFC8894_OID_TRANSACTION_ID  "2.16.840.1.113733.1.9.7"
/* 3.2.1.4, id-scep-failInfoText */
#define RFC8894_OID_FAIL_INFO_TEXT "1.3.6.1.5.5.7.24.1"

/* extendedKeyUsage of an RA: Certificate Request Agent of Microsoft's, and
 * id-kp-cmcRA (RFC 6402, 2.10) */
#define RFC8894_OID_ENROLMENT_AGENT "1.3.6.1.4.1.311.20.2.1"
#define RFC8894_OID_CMC_RA	    "1.3.6.1.5.5.7.3.28"

/* 4.1, 4.2, 4.3, 4.7: the operations */
#define RFC8894_GET_CA_CAPS	 "GetCACaps"
#define RFC8894_GET_CA_CERT	 "GetCACert"
#define RFC8894_GET_NEXT_CA_CERT "GetNextCACert"
#define RFC8894_PKI_OPERATION	 "PKIOperation"

/* 3.5.1: the body of a POST */
#define RFC8894_CONTENT_TYPE "application/x-pki-message"

/* Caps of ours, in octets. */
#define LIMIT_HEADER	   (16 * 1024)
#define LIMIT_CA_CAPS	   (4 * 1024)
#define LIMIT_CA_CERT	   (256 * 1024)
#define LIMIT_CERT_REP	   (256 * 1024)
#define LIMIT_PEM	   (2 * LIMIT_CA_CERT) /* of what came as DER */
#define LIMIT_CERTIFICATES 32
#define LIMIT_FAIL_TEXT	   255

#endif
