/* What people choose as a password, in the languages of our users. */
#include "config.h"

#include "web/strength.h"

#include <stddef.h>

const char *const common_words[] = { "1q2w3e", "1qaz", "2wsx", "3edc", "abc123",
	"access", "adgangskode", "admin", "alexander", "amanda", "amigo",
	"andrea", "andrew", "angel", "apple", "april", "august", "azerty",
	"bailey", "banana", "baseball", "basketball", "batman", "beautiful",
	"bonjour", "buster", "butterfly", "camille", "changeme", "charlie",
	"chelsea", "chocolate", "christian", "christine", "computer",
	"contrasena", "cookie", "dallas", "daniel", "december", "default",
	"denmark", "dolphin", "doudou", "dragon", "email", "estrella",
	"eternity", "family", "fishing", "flower", "football", "freedom",
	"friend", "galatasaray", "geheim", "george", "ginger", "hallo",
	"hamster", "hannah", "harley", "haslo", "heaven", "hello", "hemlig",
	"hemmelig", "hockey", "hola", "holiday", "hunter", "iloveyou",
	"internet", "jennifer", "jessica", "jesus", "jordan", "joshua", "july",
	"june", "justin", "kennwort", "killer", "kodeord", "kristina", "laura",
	"legend", "letmein", "liverpool", "login", "losenord", "love", "maggie",
	"mail", "manchester", "march", "maria", "marina", "martin", "master",
	"matrix", "matthew", "michael", "michelle", "monday", "money", "monika",
	"monkey", "mother", "motdepasse", "mustang", "nathalie", "nicole",
	"ninja", "november", "october", "office", "orange", "parola", "parool",
	"pass", "passord", "password", "passwort", "peanut", "pepper",
	"pokemon", "polska", "postmaster", "princess", "privet", "purple",
	"qwe123", "ranger", "robert", "root", "samsung", "schalke", "schatz",
	"secret", "segredo", "senha", "september", "server", "shadow", "sifre",
	"silver", "slipknot", "snoopy", "soccer", "sommer", "spring",
	"starwars", "summer", "sunday", "sunshine", "superman", "system",
	"tequiero", "test", "thomas", "thunder", "tigger", "trustno1", "user",
	"velkommen", "verano", "victoria", "welcome", "willkommen", "winter",
	"yankees", "zaq1", "contraseña", "lösenord", "şifre", "йцукен",
	"пароль", "привет", NULL };
