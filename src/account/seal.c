/* Hashes for new passwords. */
#include "config.h"

#include "account/account.h"
#include "support/secret.h"
#include "support/text.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SALT_LENGTH 16

/* A setting for crypt(3): what libcrypt thinks best, or SHA-512. */
static int
choose_setting(char *setting, size_t size)
{
#ifdef HAVE_CRYPT_GENSALT
	const char *chosen = crypt_gensalt(NULL, 0, NULL, 0);

	return chosen != NULL && text_copy(setting, size, chosen) ? 0 : -1;
#else
	static const char alphabet[65] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char salt[SALT_LENGTH];
	char text[SALT_LENGTH + 1] = "";
	size_t i;

	if (secret_random(salt, sizeof(salt)) == -1)
		return -1;
	for (i = 0; i < sizeof(salt); i++)
		text[i] = alphabet[salt[i] % 64];
	return text_format(setting, size, "$6$%s$", text) ? 0 : -1;
#endif
}

int
account_hash(const char *password, char hash[ACCOUNT_HASH_SIZE])
{
	char setting[ACCOUNT_HASH_SIZE];
	struct crypt_data *data;
	const char *made;
	bool is_made;

	if (choose_setting(setting, sizeof(setting)) == -1)
		return -1;
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		return -1;
	made = crypt_r(password, setting, data);
	is_made = made != NULL && made[0] == '$' &&
	    text_copy(hash, ACCOUNT_HASH_SIZE, made);
	explicit_bzero(data, sizeof(*data));
	free(data);
	if (!is_made)
		errno = EINVAL;
	return is_made ? 0 : -1;
}
