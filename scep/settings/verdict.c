/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/settings/verdict.h"

#include <stdarg.h>

#include "scep/text.h"

enum scep_refusal verdict_refuse(struct scep_verdict *verdict,
				 enum scep_refusal refusal, const char *format,
				 ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_format_list(verdict->reason, sizeof(verdict->reason), format,
			 arguments);
	va_end(arguments);
	verdict->refusal = refusal;
	return refusal;
}
