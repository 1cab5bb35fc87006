/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/protocol/extensions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/objects.h>

#include "scep/text.h"
#include "scep/octets.h"
#include "scep/base/error.h"

/* Of a name in a list: what the longest text can hold. */
#define ITEM_MAX SCEP_TEXT255

/* ------------------------------------------------------ kinds of values -- */

static bool is_one_of(char octet, const char *octets)
{
	return octet != '\0' && strchr(octets, octet) != NULL;
}

/* RFC 1123, 2.1, and the underscore that people use. */
static bool is_dns_label(const char *label, size_t length)
{
	if (length == 0 || length > 63 || label[0] == '-' ||
	    label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_one_of(label[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "abcdefghijklmnopqrstuvwxyz"
					 "0123456789-_"))
			return false;
	}
	return true;
}

/* RFC 5280, 4.2.1.6, and a wildcard as the first label. */
static bool is_dns_name(const char *name)
{
	if (strlen(name) > 253)
		return false;
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	for (;;) {
		size_t length = strcspn(name, ".");

		if (!is_dns_label(name, length))
			return false;
		if (name[length] == '\0')
			return true;
		name += length + 1;
	}
}

/* A name of one label or more, the last of them not a number: what looks like
 * a bad IPv4 address is none. */
static bool is_host_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot != NULL ? dot + 1 : name;

	return is_dns_name(name) && strspn(last, "0123456789") != strlen(last);
}

static bool is_visible_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

/* RFC 5280, 4.2.1.6: an absolute URI in ASCII. */
static bool is_uri(const char *text)
{
	size_t scheme = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+-.");

	return scheme > 0 && !is_one_of(text[0], "0123456789+-.") &&
	       text[scheme] == ':' && text[scheme + 1] != '\0' &&
	       is_visible_ascii(text);
}

/* RFC 5280, 4.2.1.6: a mailbox, without a name and without brackets. */
static bool is_mailbox(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && is_visible_ascii(text) &&
	       text[strcspn(text, "<>\"(),:;[]\\")] == '\0' &&
	       is_dns_name(at + 1) && at[1] != '*';
}

static size_t read_address(const char *text, unsigned char address[16])
{
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, address) == 1)
		return 16;
	return 0;
}

/* ------------------------------------------------------ subjectAltName -- */

static enum scep_code alt_name_push(GENERAL_NAMES *names, GENERAL_NAME *name,
				    struct scep_error *error)
{
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return SCEP_OK;
	GENERAL_NAME_free(name);
	return error_set_memory(error);
}

static enum scep_code alt_name_add_string(GENERAL_NAMES *names, int kind,
					  int type, const void *data,
					  size_t length,
					  struct scep_error *error)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(type);

	if (name == NULL || string == NULL ||
	    ASN1_STRING_set(string, data, (int)length) != 1) {
		ASN1_STRING_free(string);
		GENERAL_NAME_free(name);
		return error_set_memory(error);
	}
	GENERAL_NAME_set0_value(name, kind, string);
	return alt_name_push(names, name, error);
}

static enum scep_code alt_name_add_dns(GENERAL_NAMES *names, const char *value,
				       struct scep_error *error)
{
	if (!is_dns_name(value))
		return error_set(error, SCEP_CONFIG_ERROR, "no DNS name");
	return alt_name_add_string(names, GEN_DNS, V_ASN1_IA5STRING, value,
				   strlen(value), error);
}

static enum scep_code alt_name_add_address(GENERAL_NAMES *names,
					   const char *value,
					   struct scep_error *error)
{
	unsigned char address[16];
	size_t length = read_address(value, address);

	if (length == 0)
		return error_set(error, SCEP_CONFIG_ERROR, "no IP address");
	return alt_name_add_string(names, GEN_IPADD, V_ASN1_OCTET_STRING,
				   address, length, error);
}

static enum scep_code alt_name_add_uri(GENERAL_NAMES *names, const char *value,
				       struct scep_error *error)
{
	if (!is_uri(value))
		return error_set(error, SCEP_CONFIG_ERROR, "no URI");
	return alt_name_add_string(names, GEN_URI, V_ASN1_IA5STRING, value,
				   strlen(value), error);
}

static enum scep_code alt_name_add_email(GENERAL_NAMES *names,
					 const char *value,
					 struct scep_error *error)
{
	if (!is_mailbox(value))
		return error_set(error, SCEP_CONFIG_ERROR, "no mail address");
	return alt_name_add_string(names, GEN_EMAIL, V_ASN1_IA5STRING, value,
				   strlen(value), error);
}

/* userPrincipalName: an otherName of Microsoft's with a UTF8String. */
static GENERAL_NAME *make_upn(const char *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OBJECT *type = OBJ_nid2obj(NID_ms_upn);
	ASN1_TYPE *any = ASN1_TYPE_new();
	ASN1_UTF8STRING *string = ASN1_UTF8STRING_new();

	if (name == NULL || any == NULL || string == NULL ||
	    ASN1_STRING_set(string, value, -1) != 1)
		goto fault;
	ASN1_TYPE_set(any, V_ASN1_UTF8STRING, string);
	string = NULL;
	if (GENERAL_NAME_set0_othername(name, type, any) == 1)
		return name;
fault:
	ASN1_UTF8STRING_free(string);
	ASN1_TYPE_free(any);
	GENERAL_NAME_free(name);
	return NULL;
}

static enum scep_code alt_name_add_upn(GENERAL_NAMES *names, const char *value,
				       struct scep_error *error)
{
	GENERAL_NAME *name;

	if (value[0] == '\0' || !text_is_clean(value, strlen(value)))
		return error_set(error, SCEP_CONFIG_ERROR,
				 "no user principal name");
	name = make_upn(value);
	return name == NULL ? error_set_memory(error)
			    : alt_name_push(names, name, error);
}

static const struct {
	const char *prefix;
	enum scep_code (*add)(GENERAL_NAMES *names, const char *value,
			      struct scep_error *error);
} name_kinds[] = {
    {"DNS:", alt_name_add_dns}, {"IP:", alt_name_add_address},
    {"URI:", alt_name_add_uri}, {"email:", alt_name_add_email},
    {"UPN:", alt_name_add_upn},
};

static enum scep_code alt_name_add(void *list, const char *item,
				   struct scep_error *error)
{
	for (size_t i = 0; i < sizeof(name_kinds) / sizeof(name_kinds[0]);
	     i++) {
		size_t length = strlen(name_kinds[i].prefix);

		if (strncasecmp(item, name_kinds[i].prefix, length) == 0)
			return name_kinds[i].add(list, item + length, error);
	}
	return error_set(error, SCEP_CONFIG_ERROR,
			 "must be DNS:, IP:, URI:, email: or UPN: with a "
			 "value");
}

/*
 * Reads one item of a list up to a comma, without the blanks around it and
 * with `\,` as a comma.  `item` has ITEM_MAX octets.
 */
static enum scep_code list_next(const char **text, char *item,
				struct scep_error *error)
{
	const char *at = *text + strspn(*text, " ");
	size_t length = 0;

	while (*at != '\0' && *at != ',') {
		if (at[0] == '\\' && (at[1] == ',' || at[1] == '\\'))
			at++;
		if (length == ITEM_MAX - 1)
			return error_set(error, SCEP_CONFIG_ERROR,
					 "an item is longer than %d octets",
					 ITEM_MAX - 1);
		item[length++] = *at++;
	}
	while (length > 0 && item[length - 1] == ' ')
		length--;
	item[length] = '\0';
	*text = at;
	if (length == 0)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "an empty item in the list");
	return SCEP_OK;
}

/* Adds an item to a list of either kind. */
typedef enum scep_code (*list_add_fn)(void *list, const char *item,
				      struct scep_error *error);

/* Puts before an error which item it is about.  Does not show the item: the
 * text of a refusal never has a part of the value (MIB, rule 7). */
static void list_blame(unsigned int number, struct scep_error *error)
{
	char item[32];

	snprintf(item, sizeof(item), "item %u", number);
	error_wrap(error, item);
}

static enum scep_code list_read(const char *text, list_add_fn add, void *list,
				struct scep_error *error)
{
	char item[ITEM_MAX];

	if (text[strspn(text, " ")] == '\0')
		return SCEP_OK;
	for (unsigned int number = 1;; number++, text++) {
		enum scep_code code = list_next(&text, item, error);

		if (code == SCEP_OK)
			code = add(list, item, error);
		if (code == SCEP_CONFIG_ERROR)
			list_blame(number, error);
		if (code != SCEP_OK || *text == '\0')
			return code;
	}
}

/* Ends a function that has made names: frees them if it has failed. */
static enum scep_code alt_name_end(enum scep_code code, GENERAL_NAMES **names,
				   struct scep_error *error)
{
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		GENERAL_NAMES_free(*names);
		*names = NULL;
	}
	return code;
}

enum scep_code extensions_read_alt_name(const char *text, GENERAL_NAMES **names,
					struct scep_error *error)
{
	enum scep_code code;

	*names = sk_GENERAL_NAME_new_null();
	code = *names == NULL ? error_set_memory(error)
			      : list_read(text, alt_name_add, *names, error);
	return alt_name_end(code, names, error);
}

enum scep_code extensions_alt_name_of(const char *common_name,
				      GENERAL_NAMES **names,
				      struct scep_error *error)
{
	unsigned char address[16];
	enum scep_code code = SCEP_OK;

	*names = sk_GENERAL_NAME_new_null();
	if (*names == NULL)
		code = error_set_memory(error);
	else if (read_address(common_name, address) > 0)
		code = alt_name_add_address(*names, common_name, error);
	else if (is_host_name(common_name))
		code = alt_name_add_dns(*names, common_name, error);
	return alt_name_end(code, names, error);
}

/* ---------------------------------------------------- extendedKeyUsage -- */

static const struct {
	const char *name;
	int nid;
} purposes[] = {
    {"serverAuth", NID_server_auth},
    {"clientAuth", NID_client_auth},
    {"codeSigning", NID_code_sign},
    {"emailProtection", NID_email_protect},
    {"timeStamping", NID_time_stamp},
    {"OCSPSigning", NID_OCSP_sign},
    {"ipsecEndSystem", NID_ipsecEndSystem},
    {"ipsecTunnel", NID_ipsecTunnel},
    {"ipsecUser", NID_ipsecUser},
    {"ipsecIKE", NID_ipsec_IKE},
    {"msSmartcardLogin", NID_ms_smartcard_login},
    {"anyExtendedKeyUsage", NID_anyExtendedKeyUsage},
};

static ASN1_OBJECT *read_purpose(const char *item)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		if (strcasecmp(purposes[i].name, item) == 0)
			return OBJ_nid2obj(purposes[i].nid);
	}
	if (strspn(item, "0123456789.") != strlen(item) ||
	    strchr(item, '.') == NULL)
		return NULL;
	return OBJ_txt2obj(item, 1);
}

static enum scep_code usage_add(void *list, const char *item,
				struct scep_error *error)
{
	EXTENDED_KEY_USAGE *usage = list;
	ASN1_OBJECT *purpose = read_purpose(item);

	if (purpose == NULL)
		return error_set(error, SCEP_CONFIG_ERROR,
				 "is neither the name of an extended key usage "
				 "nor an OID");
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		if (OBJ_cmp(sk_ASN1_OBJECT_value(usage, i), purpose) == 0) {
			ASN1_OBJECT_free(purpose);
			return error_set(error, SCEP_CONFIG_ERROR,
					 "stands twice");
		}
	}
	if (sk_ASN1_OBJECT_push(usage, purpose) <= 0) {
		ASN1_OBJECT_free(purpose);
		return error_set_memory(error);
	}
	return SCEP_OK;
}

enum scep_code extensions_read_ext_key_usage(const char *text,
					     EXTENDED_KEY_USAGE **usage,
					     struct scep_error *error)
{
	enum scep_code code;

	*usage = sk_ASN1_OBJECT_new_null();
	code = *usage == NULL ? error_set_memory(error)
			      : list_read(text, usage_add, *usage, error);
	code = error_end_openssl(code, error);
	if (code != SCEP_OK) {
		EXTENDED_KEY_USAGE_free(*usage);
		*usage = NULL;
	}
	return code;
}

ASN1_BIT_STRING *extensions_key_usage(uint32_t bits)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();

	for (int bit = 0; usage != NULL && bit <= 8; bit++) {
		if ((bits & (1u << bit)) != 0 &&
		    ASN1_BIT_STRING_set_bit(usage, bit, 1) != 1) {
			ASN1_BIT_STRING_free(usage);
			usage = NULL;
		}
	}
	return usage;
}

/* -------------------------------------------------------------- to text -- */

/* Puts a backslash before commas and backslashes. */
static void escape_item(char *to, size_t size, const char *from)
{
	size_t length = 0;

	for (; *from != '\0' && length + 2 < size; from++) {
		if (*from == ',' || *from == '\\')
			to[length++] = '\\';
		to[length++] = *from;
	}
	to[length] = '\0';
}

static void address_text(const ASN1_STRING *address, char *text, size_t size)
{
	int length = ASN1_STRING_length(address);
	int family = length == 4 ? AF_INET : AF_INET6;

	if ((length != 4 && length != 16) ||
	    inet_ntop(family, ASN1_STRING_get0_data(address), text,
		      (socklen_t)size) == NULL)
		snprintf(text, size, "?");
}

/* Writes a name; "" for a kind that has no text of ours. */
static void general_name_text(const GENERAL_NAME *name, char *text, size_t size)
{
	int kind = 0;
	const void *value = GENERAL_NAME_get0_value(name, &kind);
	const ASN1_STRING *string = value;
	const char *prefix = kind == GEN_DNS   ? "DNS:"
			     : kind == GEN_URI ? "URI:"
					       : "email:";
	ASN1_OBJECT *type = NULL;
	ASN1_TYPE *any = NULL;
	char clean[2 * SCEP_TEXT255];

	text[0] = '\0';
	if (kind == GEN_IPADD) {
		strcpy(text, "IP:");
		address_text(string, text + 3, size - 3);
		return;
	}
	if (kind == GEN_OTHERNAME) {
		if (GENERAL_NAME_get0_otherName(name, &type, &any) != 1 ||
		    OBJ_obj2nid(type) != NID_ms_upn ||
		    ASN1_TYPE_get(any) != V_ASN1_UTF8STRING)
			return;
		string = any->value.utf8string;
		prefix = "UPN:";
	} else if (kind != GEN_DNS && kind != GEN_URI && kind != GEN_EMAIL) {
		return;
	}
	text_copy_latin(clean, sizeof(clean), ASN1_STRING_get0_data(string),
			(size_t)ASN1_STRING_length(string));
	strcpy(text, prefix);
	escape_item(text + strlen(prefix), size - strlen(prefix), clean);
}

/* Appends an item to a list.  False if it does not fit. */
static bool text_add(char *text, const char *item)
{
	size_t length = strlen(text), more = strlen(item);

	if (length + more + 1 >= SCEP_TEXT255)
		return false;
	if (length > 0)
		text[length++] = ',';
	memcpy(text + length, item, more + 1);
	return true;
}

bool extensions_names_text(const GENERAL_NAMES *names, char *text)
{
	char item[4 * SCEP_TEXT255 + 8];

	text[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		general_name_text(sk_GENERAL_NAME_value(names, i), item,
				  sizeof(item));
		if (item[0] != '\0' && !text_add(text, item))
			return false;
	}
	return true;
}

void extensions_key_usage_text(const ASN1_BIT_STRING *usage, char *text)
{
	static const char *const names[] = {
	    "digitalSignature", "nonRepudiation", "keyEncipherment",
	    "dataEncipherment", "keyAgreement",	  "keyCertSign",
	    "cRLSign",		"encipherOnly",	  "decipherOnly",
	};

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (usage != NULL &&
		    ASN1_BIT_STRING_get_bit(usage, (int)i) == 1)
			text_add(text, names[i]);
	}
}

bool extensions_ext_key_usage_text(const EXTENDED_KEY_USAGE *usage, char *text)
{
	char item[SCEP_TEXT64];

	text[0] = '\0';
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(usage, i);

		OBJ_obj2txt(item, sizeof(item), purpose, 1);
		for (size_t k = 0; k < sizeof(purposes) / sizeof(purposes[0]);
		     k++) {
			if (purposes[k].nid == OBJ_obj2nid(purpose))
				strcpy(item, purposes[k].name);
		}
		if (!text_add(text, item))
			return false;
	}
	return true;
}

enum scep_code extensions_alt_name_text(const X509 *certificate, char *text,
					struct scep_error *error)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	extensions_names_text(names, text);
	GENERAL_NAMES_free(names);
	return error_end_openssl(SCEP_OK, error);
}
