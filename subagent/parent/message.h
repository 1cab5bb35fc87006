/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between the parent process and its worker, over the channel that
 * ties them (SOCK_SEQPACKET).  One packet is one message: a kind, and the
 * member of the union that goes with it.
 *
 * A message is judged here when it comes, and nowhere else: the worker speaks
 * with the network, and the parent may be root.  A good message is one that its
 * sender may send; it has the length of its kind, its texts end and hold no
 * control characters, and it names no file but by an entry of the registry.
 * Knows no process, and does not do what a message asks for.
 */
#ifndef SUBAGENT_PARENT_MESSAGE_H
#define SUBAGENT_PARENT_MESSAGE_H

#include "scep/engine_config.h"
#include "scep/event.h"
#include "scep/octets.h"

#define MESSAGE_STATUS_TEXT 512 /* and of a sentence */

enum message_kind {
	/* From the worker. */
	MESSAGE_READY = 1, /* Sets can be kept from now on */
	MESSAGE_ALIVE,
	MESSAGE_STATUS,	 /* a sentence for the service manager */
	MESSAGE_RESTART, /* asks for a restart of the device */
	MESSAGE_DEPLOY,	 /* asks for a use location to be given a key, to be
			  * probed or to be looked at */
	/* From the parent. */
	MESSAGE_RESTARTED, /* the restart command has ended */
	MESSAGE_DEPLOYED,  /* so has a deployment */
	MESSAGE_CONFIG,	   /* the configuration was read again */
};

enum message_sender { MESSAGE_FROM_WORKER, MESSAGE_FROM_PARENT };

/* The values for the environment of the restart command; "" is for a value that
 * does not apply. */
struct message_restart {
	char key_name[SCEP_TEXT64];
	char use_location[SCEP_TEXT255];
	char file_id[SCEP_TEXT64];
};

struct message_status {
	char text[MESSAGE_STATUS_TEXT];
};

struct message_deploy {
	uint32_t is_probe;  /* only asks whether the function is on */
	uint32_t is_look;   /* only looks if the locations can take files */
	uint32_t use_index; /* comes back with the end */
	char use_name[SCEP_TEXT255]; /* of a look: a list, with commas */
	char key_name[SCEP_TEXT64];
	char file_id[SCEP_TEXT64]; /* of a probe or a look: "" */
};

struct message_restarted {
	bool is_good;
};

struct message {
	enum message_kind kind;
	union {
		struct message_restart restart;
		struct message_status status;
		struct message_deploy deploy;
		struct message_restarted restarted;
		struct scep_deploy_end deployed;
		struct scep_config config;
	};
};

/* Makes an empty message of that kind. */
void message_init(struct message *message, enum message_kind kind);

/* Sends it, from any thread, and never waits.  Returns 0, or -1 with errno. */
int message_send(int channel, const struct message *message);
/* Sends a message that is a kind and nothing else. */
int message_send_kind(int channel, enum message_kind kind);

enum message_arrival {
	MESSAGE_GOOD,
	MESSAGE_NONE, /* none is there */
	MESSAGE_BAD,
	MESSAGE_CLOSED, /* nobody is at the other end any more */
};

/* Takes the next message that `sender` has sent, and judges it.  Never waits.
 */
enum message_arrival message_receive(int channel, enum message_sender sender,
				     struct message *message);

/* Returns whether it is a good message of that many octets. */
bool message_is_good(const struct message *message, size_t length,
		     enum message_sender sender);

#endif
