/*
 * What the parts of the tracer share: tracer.c follows processes from call to
 * call, strikes.c says which calls are struck and how, calls.c knows names.
 */
#ifndef CRASH_TRACER_H
#define CRASH_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum action {
	ACTION_NONE,
	ACTION_KILL,
	ACTION_KILL_ALL,
	ACTION_FAIL,
	ACTION_SHORTEN,
	ACTION_SIGNAL
};

/* The command line. */
struct options {
	unsigned long process;
	unsigned long call;
	enum action action;
	long value; /* errno, octets, or signal */
	unsigned long times;
	const char *names; /* NULL: all */
	bool only_files;
	bool lists;
	int report;
	unsigned int limit;
	const char *library;
};

struct process {
	pid_t pid;
	unsigned long number; /* in order of birth */
	unsigned long calls;
	bool is_struck;		   /* the call that it is in */
	unsigned long long length; /* that this call had */
};

#define TRACER_PROCESSES 64
#define TRACER_RANGES	 16

struct tracer {
	struct options options;
	struct process processes[TRACER_PROCESSES];
	size_t count; /* that live */
	unsigned long born;
	unsigned long long ranges[TRACER_RANGES][2]; /* code of the loader */
	size_t range_count;
	bool is_counting; /* the command has begun with main() */
	bool is_active;	  /* the place was reached */
	unsigned long strikes;
	pid_t command;
	int status;
};

/* Ends the tracer, and with it all that it follows. */
void tracer_fail(const char *what) __attribute__((noreturn));

/* Sends SIGKILL to all processes. */
void tracer_kill_all(const struct tracer *tracer);

/* The process has become another program: notes where its loader is. */
void strikes_note_loader(struct tracer *tracer, pid_t pid);

/* The process enters or leaves a system call. */
void strikes_take_call(struct tracer *tracer, struct process *process);

/* True when nothing is left to do but to wait for the end. */
bool strikes_are_over(const struct tracer *tracer);

/* The name of a call, or "other". */
const char *call_name(long number);

/* True if the call is named in a list with commas. */
bool call_is_in(long number, const char *list);

#endif
