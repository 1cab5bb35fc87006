/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the MIB as the program has it, for test_mib.py to compare with the
 * MIB file.  Made by the test, out of the build that is tested. */
#include "subagent/snmp/objects.h"

int main(void)
{
	objects_dump(stdout);
	return 0;
}
