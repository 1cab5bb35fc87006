/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of hostile and odd replies: each field of a message x each fault
 * (tests/lib/der.h), and for each the one refusal that is expected.  Here is
 * what the tables and the program that runs them have in common.
 */
#ifndef TESTS_UNIT_SCEP_PROTOCOL_HOSTILE_H
#define TESTS_UNIT_SCEP_PROTOCOL_HOSTILE_H

#include "scep/codes.h"
#include "tests/lib/der.h"
#include "tests/lib/open_world.h"

/* The verdict that a case expects.  Most leave out `newer`. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
struct hostile_verdict {
	enum scep_code code; /* SCEP_OK: accepted on purpose */
	const char *text;    /* in the words of the refusal; "%s" is the field.
			      * Of what is accepted: why that is right.
			      * NULL: the fault changes nothing. */
	unsigned char newer; /* verdict that a newer OpenSSL brings about, which
			      * notices more while it decodes; 0: the same */
};

/* One field, and the verdict (its place in the table's) on each fault, in the
 * order of enum der_fault: absent, empty, wrong, duplicated, oversized,
 * truncated, of a wrong type, longer in its header than in fact. */
struct hostile_field {
	const char *name;
	const char *path;
	const char *wrong; /* what DER_WRONG puts there */
	unsigned char verdict[DER_FAULT_COUNT];
};

/* One fault in one field. */
struct hostile_case {
	const struct hostile_field *field;
	enum der_fault fault;
	bool is_void; /* set where the fault changes nothing */
};

/*
 * Makes the message with the fault in it, re-signed where the fault lies in
 * what is signed, and has it opened.  Leaves the world as it was.
 */
typedef enum scep_code (*hostile_open_fn)(struct world *world,
					  struct hostile_case *hostile,
					  struct scep_error *error);

struct hostile_table {
	const char *name;
	const struct hostile_field *fields;
	size_t count;
	const struct hostile_verdict *verdicts;
	hostile_open_fn open;
};

#define HOSTILE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const struct hostile_table hostile_message;    /* a CertRep, outside */
extern const struct hostile_table hostile_attributes; /* of a SUCCESS */
extern const struct hostile_table hostile_failure;    /* those of a FAILURE */
extern const struct hostile_table hostile_envelope;
extern const struct hostile_table hostile_password;    /* a recipient */
extern const struct hostile_table hostile_agreement;   /* another */
extern const struct hostile_table hostile_bag;	       /* in the envelope */
extern const struct hostile_table hostile_certificate; /* in that */
extern const struct hostile_table hostile_ca_bare;     /* GetCACert */
extern const struct hostile_table hostile_ca_pinned;
extern const struct hostile_table hostile_ca_bag;
extern const struct hostile_table hostile_ca_ra;
extern const struct hostile_table hostile_ca_mark;
extern const struct hostile_table hostile_ca_other;
extern const struct hostile_table hostile_ca_pem;
extern const struct hostile_table hostile_next_ca; /* GetNextCACert */
extern const struct hostile_table hostile_next_ca_bag;
extern const struct hostile_table hostile_crl;
extern const struct hostile_table hostile_get_cert;

/* Reads `der`, puts the fault into it and writes it again. */
void hostile_spoil(struct hostile_case *hostile, struct bytes *der);
/* The same where the field is in the certificate at `path`: what is signed in
 * it is signed again by `key`. */
void hostile_spoil_certificate(struct hostile_case *hostile, const char *path,
			       EVP_PKEY *key, struct bytes *der);
/* Signs a node as it is encoded with another tag, 0 for its own, and puts the
 * signature into the other, which is a BIT STRING or an OCTET STRING. */
void hostile_sign(const struct der *signed_node, unsigned char tag,
		  EVP_PKEY *key, struct der *signature);
/* The children of a node. */
size_t hostile_children(const struct der *node);
/* Writes a root, and what the fault has put beside it. */
void hostile_write(const struct der *root, struct bytes *to);
/* Opens a message as the CertRep that the world waits for. */
enum scep_code hostile_open_message(struct world *world,
				    const struct bytes *message,
				    struct scep_error *error);

/* A hostile_open_fn: the fault is in the envelope of the CertRep. */
enum scep_code hostile_open_envelope(struct world *world,
				     struct hostile_case *hostile,
				     struct scep_error *error);

/* The DER of a certificate, and the pin that names what has some DER. */
void hostile_encode(X509 *certificate, struct bytes *der);
struct ca_certs_pin hostile_pin_of(const void *der, size_t length);
/* Reads an answer to GetCACert and establishes trust in what the pin names.
 * `is_ra` is set where requests are to be sealed to another one than that; it
 * is false too where nobody is believed before a manager decides. */
enum scep_code hostile_believe(const struct bytes *answer,
			       const struct ca_certs_pin *pin, bool *is_ra,
			       struct scep_error *error);

#endif
