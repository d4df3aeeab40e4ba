// SPDX-License-Identifier: GPL-2.0
/*
 * Runs QEMU for ci/guest, in the folder DIR, and has the run judged.
 *
 * The guest's virtio ports come out here, apart from the console:
 *	DIR/stdout, DIR/stderr	the command's output, files that are followed: a file
 *				takes everything, so nothing is lost when the machine
 *				ends and the reader is slow
 *	PORT_STATUS		one line, "status N" or "lost REASON"
 *	PORT_CONTROL		"mce PHYS" and its answer
 * The last two are sockets that QEMU inherits, as is PORT_QMP for its monitor. When all
 * three are closed, QEMU has ended.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PORT_QMP, PORT_CONTROL, PORT_STATUS, NR_PORTS };
/* QEMU's file descriptors for them, in the same order: see ci/guest */
#define FIRST_FD	3

/* How long a panic may take, in seconds, after time has run out */
#define LAST_WORDS	20
#define MAX_BOOTS	3
#define NOT_RUN		127

extern char **environ;

static struct port {
	int fd;
	char data[4096];
	int len;
} ports[NR_PORTS];

static char *dir, *console, *judge, *limit = "0";
static bool verbose, firmware;
static int signals;		/* SIGALRM: time has run out */
static pid_t qemu;
static sigset_t old_mask;

/* What is known of the run */
static char *status, *lost;
static bool timed_out;
static int interrupted;

static char *in_dir(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		err(NOT_RUN, "memory");
	return path;
}

static int create(const char *name)
{
	int fd = open(in_dir(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		err(NOT_RUN, "%s/%s", dir, name);
	return fd;
}

static pid_t spawn(char **argv)
{
	pid_t pid;

	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno)
		err(NOT_RUN, "%s", argv[0]);
	return pid;
}

/* Its exit status */
static int command(char **argv)
{
	int wait_status;

	waitpid(spawn(argv), &wait_status, 0);
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : NOT_RUN;
}

/* --- QEMU --- */

static void start(char **argv)
{
	int i, pair[NR_PORTS][2], errors = create("qemu.err");

	for (i = 0; i < NR_PORTS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair[i]))
			err(NOT_RUN, "socketpair");
		ports[i] = (struct port){ pair[i][0] };
	}
	qemu = fork();
	if (qemu < 0)
		err(NOT_RUN, "fork");
	if (!qemu) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &old_mask, NULL);
		dup2(errors, STDERR_FILENO);
		/* out of the way of the numbers that it gets */
		for (i = 0; i < NR_PORTS; i++)
			pair[i][1] = fcntl(pair[i][1], F_DUPFD_CLOEXEC, FIRST_FD + NR_PORTS);
		for (i = 0; i < NR_PORTS; i++)
			dup2(pair[i][1], FIRST_FD + i);
		execvp(argv[0], argv);
		err(NOT_RUN, "%s", argv[0]);
	}
	for (i = 0; i < NR_PORTS; i++)
		close(pair[i][1]);
	close(errors);
}

/* Copies the file, as it grows, until QEMU has ended. */
static pid_t follow(const char *name, int to)
{
	char *script;

	if (asprintf(&script, "exec tail -f -c +1 -s 0.1 --pid=%d \"$0\" >&%d 2>/dev/null",
		     qemu, to) < 0)
		err(NOT_RUN, "memory");
	return spawn((char *[]){ "sh", "-c", script, in_dir(name), NULL });
}

/* --- what QEMU and the guest say --- */

/*
 * arm64: firmware reports a failed page, uncorrected and recoverable. QEMU takes the
 * report in base64: see the UEFI specification, "Common Platform Error Record", and
 * include/acpi/actbl1.h and include/linux/cper.h in the kernel.
 */
static void report_by_firmware(uint64_t address)
{
	struct __attribute__((packed)) {
		uint32_t status, raw_offset, raw_length, length, severity;
		uint8_t section[16];
		uint32_t section_severity;
		uint16_t revision, valid;
		uint32_t section_length;
		uint8_t fru_and_time[44];
		struct {
			uint64_t valid, status, address, mask;
			uint8_t place[48];
		} memory;
	} page = {
		.status = 0x11,			/* one uncorrectable error */
		.length = 152,			/* of all that follows "severity" */
		.section = { 0x14, 0x11, 0xbc, 0xa5, 0x64, 0x6f, 0xde, 0x4e,
			     0xb8, 0x63, 0x3e, 0x83, 0xed, 0x7c, 0x83, 0xb1 },
		.revision = 0x300,
		.section_length = sizeof(page.memory),
		.memory = { .valid = 6, .address = address, .mask = ~0xfffUL },
	};
	char text[(sizeof(page) + 2) / 3 * 4 + 1];

	b64_ntop((void *)&page, sizeof(page), text, sizeof(text));
	dprintf(ports[PORT_QMP].fd, "{\"execute\":\"inject-ghes-v2-error\",\"id\":\"mce\","
		"\"arguments\":{\"cper\":\"%s\"}}\n", text);
}

/*
 * A machine check on all processors, in the bank that reports memory: uncorrected,
 * recoverable, with a valid physical address of a page.
 */
static void inject(const char *address)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(address, &end, 0);
	if (errno || *end || !isdigit(*address)) {
		dprintf(ports[PORT_CONTROL].fd, "not an address: %s\n", address);
		return;
	}
	if (firmware) {
		report_by_firmware(value);
		return;
	}
	dprintf(ports[PORT_QMP].fd, "{\"execute\":\"human-monitor-command\",\"id\":\"mce\",\"arguments\":"
		"{\"command-line\":\"mce -b 0 9 0xbd000000000000c0 0x5 %s 0x8c\"}}\n", address);
}

/*
 * QEMU has nothing to say of a machine check that it has raised. Anything else, and the
 * guest does not go on as it should: when it has not handled the last one, QEMU ends it.
 */
static void injected(char *answer)
{
	char *text = strstr(answer, "\"return\": \"");

	if (text) {
		text += strlen("\"return\": \"");
		/* to the quote, or a line's end in JSON */
		text[strcspn(text, "\"\\")] = '\0';
	}
	if ((text && !*text) || strstr(answer, "\"return\": {}")) {
		dprintf(ports[PORT_CONTROL].fd, "ok\n");
		return;
	}
	if (!lost && asprintf(&lost, "QEMU could not raise a machine check: %s", text ?: answer) < 0)
		err(NOT_RUN, "memory");
	dprintf(ports[PORT_CONTROL].fd, "%s\n", lost);
	kill(qemu, SIGKILL);
}

static void handle(int port, char *line)
{
	switch (port) {
	case PORT_QMP:
		/* the rest is the greeting, other answers, and news */
		if (strstr(line, "\"id\": \"mce\""))
			injected(line);
		break;
	case PORT_CONTROL:
		if (!strncmp(line, "mce ", 4))
			inject(line + 4);
		break;
	case PORT_STATUS:
		if (!strncmp(line, "status ", 7))
			status = strdup(line + 7);
		else if (!strncmp(line, "lost ", 5))
			lost = strdup(line + 5);
	}
}

static void read_port(int port)
{
	struct port *p = &ports[port];
	ssize_t len = read(p->fd, p->data + p->len, sizeof(p->data) - 1 - p->len);
	char *end;

	if (len <= 0) {
		close(p->fd);
		p->fd = -1;
		return;
	}
	p->len += len;
	p->data[p->len] = '\0';
	while ((end = strchr(p->data, '\n'))) {
		*end = '\0';
		if (end > p->data && end[-1] == '\r')
			end[-1] = '\0';
		handle(port, p->data);
		p->len -= end + 1 - p->data;
		memmove(p->data, end + 1, p->len + 1);
	}
	/* a line that is too long is none of ours */
	if (p->len == sizeof(p->data) - 1)
		p->len = 0;
}

/* Returns when QEMU has ended, or must. */
static void watch(void)
{
	struct pollfd fds[NR_PORTS + 1];
	struct signalfd_siginfo info;
	int i;

	alarm(atoi(limit));
	dprintf(ports[PORT_QMP].fd, "{\"execute\":\"qmp_capabilities\"}\n");
	while (ports[PORT_QMP].fd >= 0 || ports[PORT_CONTROL].fd >= 0 ||
	       ports[PORT_STATUS].fd >= 0) {
		for (i = 0; i < NR_PORTS; i++)
			fds[i] = (struct pollfd){ ports[i].fd, POLLIN };
		fds[NR_PORTS] = (struct pollfd){ signals, POLLIN };
		poll(fds, NR_PORTS + 1, -1);
		for (i = 0; i < NR_PORTS; i++)
			if (fds[i].revents)
				read_port(i);
		if (!fds[NR_PORTS].revents || read(signals, &info, sizeof(info)) < 0)
			continue;
		if (info.ssi_signo != SIGALRM)
			interrupted = info.ssi_signo;
		if (interrupted || timed_out)
			return;
		/* the NMI ends it by a panic, which shows the blocked tasks */
		timed_out = true;
		dprintf(ports[PORT_QMP].fd, "{\"execute\":\"inject-nmi\"}\n");
		alarm(LAST_WORDS);
	}
}

static bool is_empty(const char *name)
{
	struct stat st;

	return !stat(in_dir(name), &st) && !st.st_size;
}

static bool says(const char *name, char *text)
{
	return !command((char *[]){ "grep", "-qaF", text, in_dir(name), NULL });
}

/* A guest that the emulator has lost before its command said a word */
static bool lost_in_boot(void)
{
	return !status && !interrupted && is_empty("stdout") && is_empty("stderr") &&
	       (says("qemu.err", "Assertion") || says("console", "Oops: int3"));
}

static void boot(char **argv)
{
	static const struct {
		const char *name;
		int to;
	} outputs[] = {
		{ "stdout", STDOUT_FILENO }, { "stderr", STDERR_FILENO }, { "console", STDERR_FILENO },
	};
	pid_t followers[3] = {};
	int i;

	status = lost = NULL;
	timed_out = false;
	for (i = 0; i < 3; i++)
		close(create(outputs[i].name));
	start(argv);
	for (i = 0; i < 2 + verbose; i++)
		followers[i] = follow(outputs[i].name, outputs[i].to);
	watch();
	alarm(0);
	kill(qemu, SIGKILL);
	waitpid(qemu, NULL, 0);
	for (i = 0; i < 2 + verbose; i++) {
		if (interrupted)
			kill(followers[i], SIGKILL);
		waitpid(followers[i], NULL, 0);
	}
	for (i = 0; i < NR_PORTS; i++)
		if (ports[i].fd >= 0)
			close(ports[i].fd);
	command((char *[]){ "sh", "-c", "cat \"$0\" >&2", in_dir("qemu.err"), NULL });
}

/* Its exit status is that of ci/guest. */
static int verdict(void)
{
	return command((char *[]){ judge, "guest", status ?: "", timed_out ? limit : "",
				   lost ?: "", verbose ? "shown" : "", console, NULL });
}

int main(int argc, char **argv)
{
	struct termios saved;
	bool tty = !tcgetattr(STDIN_FILENO, &saved), again = false;
	int option, end, boots = 0;
	sigset_t mask;

	while ((option = getopt(argc, argv, "+c:d:fj:rt:v")) != -1) {
		switch (option) {
		case 'c': console = optarg; break;
		case 'd': dir = optarg; break;
		case 'f': firmware = true; break;
		case 'j': judge = optarg; break;
		case 'r': again = true; break;
		case 't': limit = optarg; break;
		case 'v': verbose = true; break;
		default: return NOT_RUN;
		}
	}
	if (!console || !dir || !judge || optind == argc)
		errx(NOT_RUN, "usage: run -d DIR -c CONSOLE -j JUDGE [-f] [-r] [-t SECONDS] [-v] QEMU ARG...");

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGALRM);
	sigprocmask(SIG_BLOCK, &mask, &old_mask);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		err(NOT_RUN, "signalfd");
	do {
		if (boots)
			fprintf(stderr, "guest: lost by the emulator while it booted; once more\n");
		boot(argv + optind);
	} while (again && ++boots < MAX_BOOTS && lost_in_boot());
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	end = command((char *[]){ "mv", "-f", in_dir("console"), console, NULL });
	if (interrupted)
		end = 128 + (interrupted == SIGINT ? SIGINT : SIGTERM);
	else
		end = end ? NOT_RUN : verdict();
	command((char *[]){ "rm", "-rf", dir, NULL });
	return end;
}
