// SPDX-License-Identifier: GPL-2.0-only
/* listener.c - owns binding to an address, and the file of a Unix socket. */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/http_address.h"

enum { BACKLOG = 512 };

/* Nobody answers on it any more. */
static bool unix_is_stale(const struct sockaddr_storage *ss, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)ss, len) && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int bind_unix(struct listener *l, const struct sockaddr_storage *ss, socklen_t len)
{
	struct stat st;

	/* The file's mode comes from the descriptor's: it is never wider, not for a moment. */
	if (fchmod(l->fd, 0660))
		return -errno;
	if (bind(l->fd, (const struct sockaddr *)ss, len)) {
		if (errno != EADDRINUSE)
			return -errno;
		if (lstat(l->address.path, &st) || !S_ISSOCK(st.st_mode) || !unix_is_stale(ss, len))
			return -EADDRINUSE;
		if (unlink(l->address.path) || bind(l->fd, (const struct sockaddr *)ss, len))
			return -errno;
	}
	if (stat(l->address.path, &st))
		return -errno;
	l->dev = st.st_dev;
	l->ino = st.st_ino; /* from here on listener_close() removes it */
	return chmod(l->address.path, 0660) ? -errno : 0;
}

static int bind_inet(struct listener *l, const struct sockaddr_storage *ss, socklen_t len)
{
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof(bound);
	int on = 1, v6only = strcmp(l->address.host, "::") != 0;

	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (l->address.family == AF_INET6 &&
	    setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)))
		return -errno;
	if (bind(l->fd, (const struct sockaddr *)ss, len) ||
	    getsockname(l->fd, (struct sockaddr *)&bound, &bound_len))
		return -errno;
	/* The port stands at the same place in both families. */
	l->address.port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

/* --- Sockets that others have opened. ------------------------------------------------ */

static int socket_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -1 : value;
}

static void describe_inet(const struct sockaddr_storage *ss, struct http_address *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	bool v4 = ss->ss_family == AF_INET;

	inet_ntop(ss->ss_family, v4 ? (const void *)&in->sin_addr : &in6->sin6_addr, a->host,
		  sizeof(a->host));
	a->port = ntohs(v4 ? in->sin_port : in6->sin6_port);
	a->loopback = v4 ? ntohl(in->sin_addr.s_addr) >> 24 == 127
			 : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

int http_address_of_socket(int fd, struct http_address *ret, const char **ret_why)
{
	struct http_address a = { .inherited_fd = fd };
	struct sockaddr_storage ss = { 0 };
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ss;
	socklen_t len = sizeof(ss);

	*ret_why = "a stream socket that listens (ListenStream=, Accept=no)";
	if (socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len))
		return -EINVAL;
	a.family = ss.ss_family;
	if (a.family == AF_UNIX) {
		/* One without a name, or in the abstract namespace, has no file whose mode protects it. */
		*ret_why = "a Unix socket with a path";
		if (!un->sun_path[0])
			return -EINVAL;
		memcpy(a.path, un->sun_path, sizeof(a.path));
		a.path[sizeof(a.path) - 1] = '\0';
		a.loopback = true;
	} else if (a.family == AF_INET || a.family == AF_INET6) {
		describe_inet(&ss, &a);
	} else {
		*ret_why = "TCP or a Unix socket";
		return -EINVAL;
	}
	*ret = a;
	return 0;
}

/* It listens already, and its file is not ours to remove. */
static int adopt(struct listener *l)
{
	int flags;

	l->fd = l->address.inherited_fd;
	flags = fcntl(l->fd, F_GETFL);
	if (flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(l->fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

static int listener_try(struct listener *l, const struct http_address *address)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int err;

	l->address = *address;
	if (address->inherited_fd)
		return adopt(l);
	len = http_address_sockaddr(address, &ss);
	if (!len)
		return -EINVAL;
	l->fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 && errno == EAFNOSUPPORT && !strcmp(address->host, "::")) {
		struct http_address any = { AF_INET, "0.0.0.0", address->port, "", false, 0 };

		return listener_try(l, &any);
	}
	if (l->fd < 0)
		return -errno;
	err = address->family == AF_UNIX ? bind_unix(l, &ss, len) : bind_inet(l, &ss, len);
	if (!err && listen(l->fd, BACKLOG))
		err = -errno;
	return err;
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (l->fd < 0)
		return;
	close(l->fd);
	if (l->ino && !stat(l->address.path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->address.path);
}

int listener_open(struct listener *l, const struct http_address *address)
{
	int err;

	l->fd = -1;
	err = listener_try(l, address);
	if (err)
		listener_close(l);
	return err;
}
