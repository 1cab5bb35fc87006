/* SPDX-License-Identifier: Apache-2.0 */
#include "subagent/parent/message.h"

#include "subagent/parent/key_files.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The union stands behind the kind, whichever member it holds. */
#define HEAD offsetof(struct message, restart)

void message_init(struct message *message, enum message_kind kind)
{
	/* Sends no other octets of this process. */
	memset(message, 0, sizeof(*message));
	message->kind = kind;
}

/* Returns the length of a message of that kind; 0 if there is no such kind. */
static size_t message_length(enum message_kind kind)
{
	switch (kind) {
	case MESSAGE_READY:
	case MESSAGE_ALIVE:
		return HEAD;
	case MESSAGE_STATUS:
		return HEAD + sizeof(struct message_status);
	case MESSAGE_RESTART:
		return HEAD + sizeof(struct message_restart);
	case MESSAGE_DEPLOY:
		return HEAD + sizeof(struct message_deploy);
	case MESSAGE_RESTARTED:
		return HEAD + sizeof(struct message_restarted);
	case MESSAGE_DEPLOYED:
		return HEAD + sizeof(struct scep_deploy_end);
	case MESSAGE_CONFIG:
		return HEAD + sizeof(struct scep_config);
	}
	return 0;
}

/* --------------------------------------------------------------- judging -- */

static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	if (length == room)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static bool is_restart(const struct message_restart *restart)
{
	return is_text(restart->key_name, sizeof(restart->key_name)) &&
	       is_text(restart->use_location, sizeof(restart->use_location)) &&
	       is_text(restart->file_id, sizeof(restart->file_id)) &&
	       (restart->file_id[0] == '\0' ||
		key_files_is_id(restart->file_id));
}

static bool is_deploy(const struct message_deploy *deploy)
{
	return is_text(deploy->use_name, sizeof(deploy->use_name)) &&
	       is_text(deploy->key_name, sizeof(deploy->key_name)) &&
	       is_text(deploy->file_id, sizeof(deploy->file_id)) &&
	       (((deploy->is_probe || deploy->is_look) &&
		 deploy->file_id[0] == '\0') ||
		key_files_is_id(deploy->file_id));
}

static bool is_deployed(const struct scep_deploy_end *end)
{
	return memchr(end->text, '\0', sizeof(end->text)) != NULL;
}

bool message_is_good(const struct message *message, size_t length,
		     enum message_sender sender)
{
	bool is_workers = sender == MESSAGE_FROM_WORKER;

	if (length < HEAD || length != message_length(message->kind))
		return false;
	switch (message->kind) {
	case MESSAGE_READY:
	case MESSAGE_ALIVE:
		return is_workers;
	case MESSAGE_STATUS:
		return is_workers && is_text(message->status.text,
					     sizeof(message->status.text));
	case MESSAGE_RESTART:
		return is_workers && is_restart(&message->restart);
	case MESSAGE_DEPLOY:
		return is_workers && is_deploy(&message->deploy);
	case MESSAGE_RESTARTED:
	case MESSAGE_CONFIG:
		return !is_workers;
	case MESSAGE_DEPLOYED:
		return !is_workers && is_deployed(&message->deployed);
	}
	return false;
}

/* --------------------------------------------------------------- sending -- */

int message_send(int channel, const struct message *message)
{
	ssize_t length = (ssize_t)message_length(message->kind);

	return send(channel, message, (size_t)length,
		    MSG_DONTWAIT | MSG_NOSIGNAL) == length
		   ? 0
		   : -1;
}

int message_send_kind(int channel, enum message_kind kind)
{
	struct message message;

	message_init(&message, kind);
	return message_send(channel, &message);
}

enum message_arrival message_receive(int channel, enum message_sender sender,
				     struct message *message)
{
	/* The length is that of the packet, even if it is longer than this. */
	ssize_t length =
	    recv(channel, message, sizeof(*message), MSG_DONTWAIT | MSG_TRUNC);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return MESSAGE_NONE;
	if (length <= 0)
		return MESSAGE_CLOSED;
	return message_is_good(message, (size_t)length, sender) ? MESSAGE_GOOD
								: MESSAGE_BAD;
}
