/*
 * Every error text of the data plane, as redis-server answers it. Where Redis 6.0 and 7.0 differ,
 * both stand here with the version in their name.
 */
#ifndef RESP_ERRORS_H
#define RESP_ERRORS_H

#define ERROR_SYNTAX "ERR syntax error"
#define ERROR_WRONG_TYPE "WRONGTYPE Operation against a key holding the wrong kind of value"
#define ERROR_NOT_INTEGER "ERR value is not an integer or out of range"
#define ERROR_NOT_FLOAT "ERR value is not a valid float"
#define ERROR_READONLY "READONLY You can't write against a read only replica."
#define ERROR_NO_AUTH "NOAUTH Authentication required."
#define ERROR_WRONG_PASSWORD_6_0 "WRONGPASS invalid username-password pair"
#define ERROR_WRONG_PASSWORD "WRONGPASS invalid username-password pair or user is disabled."
#define ERROR_NOT_IN_TRANSACTION "ERR Command not allowed inside a transaction"
#define ERROR_CLIENT_NAME "ERR Client names cannot contain spaces, newlines or special characters."
#define ERROR_SAME_OBJECT "ERR source and destination objects are the same"
#define ERROR_NO_SUCH_KEY "ERR no such key"
#define ERROR_NO_STREAM                                                                            \
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "   \
    "use the MKSTREAM option to create an empty stream automatically."
#define ERROR_NO_CLUSTER "ERR This instance has cluster support disabled"
#define ERROR_INDEX "ERR index out of range"
#define ERROR_MAX_CLIENTS "ERR max number of clients reached"
#define ERROR_OUT_OF_MEMORY "OOM command not allowed when used memory > 'maxmemory'."
#define ERROR_BUSY_SCRIPT                                                                          \
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
#define ERROR_BUSY_FUNCTION                                                                        \
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
#define ERROR_TRY_AGAIN "TRYAGAIN Multiple keys request during rehashing of slot"
#define ERROR_CROSS_SLOT "CROSSSLOT Keys in request don't hash to the same slot"
#define ERROR_PAYLOAD_FOOTER "ERR DUMP payload version or checksum are wrong"

#endif
