// SPDX-License-Identifier: GPL-2.0-only
/*
 * terminal.c - owns ncurses.
 *
 * A crash: a handler writes the sequences that were worked out as the terminal was opened, sets its
 * modes back, and lets the signal kill. Only what a handler may call is called there, and on a stack of
 * its own: the other one may be what has come to its end.
 */
#include "tui/terminal.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "tui/keys.h"

enum { RESTORE_MAX = 256, ESCAPE_MS = 25, RESCUE_STACK = 64 << 10 };

struct terminal {
	SCREEN *screen;
	enum grid_depth depth;
	bool ascii, mouse;
	struct grid drawn; /* what it shows, as far as we know */
	int event_kind; /* an event of the mouse that has arrived in part; 0: none */
	char event[20];
	unsigned int event_len;
};

/* For the handler, which has no other way to them. */
static struct {
	struct termios modes;
	char restore[RESTORE_MAX];
	size_t len;
	volatile sig_atomic_t armed;
	char stack[RESCUE_STACK];
} rescue;

/* Crashes, then what kills whoever does not expect it; those that ask us to end come as signals to read. */
static const int fatal[] = { SIGSEGV, SIGBUS,  SIGILL,	SIGFPE,	   SIGABRT, SIGSYS,
			     SIGTRAP, SIGXCPU, SIGXFSZ, SIGSTKFLT, SIGALRM, SIGVTALRM,
			     SIGPROF, SIGUSR1, SIGUSR2, SIGPIPE,   SIGIO,   SIGPWR };
enum { FATAL = sizeof(fatal) / sizeof(fatal[0]) };
static bool rescued[FATAL]; /* those that we have taken: some may be ignored, and stay so */

static void on_fatal(int signal)
{
	if (rescue.armed) {
		rescue.armed = 0;
		if (write(STDOUT_FILENO, rescue.restore, rescue.len) < 0)
			signal = signal; /* there is nobody left to tell */
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
	}
	raise(signal); /* its default by now: SA_RESETHAND */
}

static bool has_capability(const char *name)
{
	const char *sequence = tigetstr(name);

	return sequence && sequence != (char *)-1;
}

static int keep_byte(int c)
{
	if (rescue.len < RESTORE_MAX)
		rescue.restore[rescue.len++] = c;
	return c;
}

/*
 * What a terminal that we leave wants to hear, as terminfo has it; of the mouse it has no word that all
 * terminals know, and who has none passes these over.
 */
static void prepare_rescue(bool mouse)
{
	static const char no_mouse[] = "\033[?1000l\033[?1006l";
	static const char *const names[] = { "sgr0", "op", "rmkx", "cnorm", "rmcup" };
	const struct sigaction action = { .sa_handler = on_fatal,
					  .sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK };
	const stack_t stack = { .ss_sp = rescue.stack, .ss_size = sizeof(rescue.stack) };
	struct sigaction before;
	size_t i;

	rescue.len = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *sequence = tigetstr(names[i]);

		if (sequence && sequence != (char *)-1)
			tputs(sequence, 1, keep_byte);
	}
	for (i = 0; mouse && has_capability("kmous") && no_mouse[i]; i++)
		keep_byte(no_mouse[i]);
	rescue.armed = 1;
	sigaltstack(&stack, NULL);
	for (i = 0; i < FATAL; i++) {
		rescued[i] = !sigaction(fatal[i], NULL, &before) && before.sa_handler == SIG_DFL;
		if (rescued[i])
			sigaction(fatal[i], &action, NULL);
	}
}

static void end_rescue(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	size_t i;

	rescue.armed = 0;
	for (i = 0; i < FATAL; i++)
		if (rescued[i])
			signal(fatal[i], SIG_DFL);
	sigaltstack(&none, NULL);
}

/* --- The mouse. */

/*
 * ncurses turns it on and off, also around a stop; what it sends we read ourselves: of several events
 * that have arrived together ncurses gives the last one only. Two languages: that of xterm's mode 1006,
 * which any column has a word in, and the older one of who does not know it.
 */
enum { KEY_MOUSE_1006 = KEY_MAX + 1, KEY_MOUSE_X10 };

static bool open_mouse(void)
{
	if (!has_capability("kmous") || !mousemask(BUTTON1_PRESSED, NULL))
		return false;
	putp("\033[?1006h");
	fflush(stdout); /* nobody else does: ncurses has a buffer of its own */
	define_key("\033[<", KEY_MOUSE_1006);
	define_key("\033[M", KEY_MOUSE_X10);
	return true;
}

/* button as they count it: modifiers are in 28, the wheel is 64 and 65. x and y from 1 on. */
static int key_of_mouse(unsigned int button, unsigned int x, unsigned int y)
{
	enum { MODIFIERS = 28, WHEEL = 64 };

	if (button == WHEEL || button == WHEEL + 1)
		return button == WHEEL ? TUI_KEY_WHEEL_UP : TUI_KEY_WHEEL_DOWN;
	if ((button & ~MODIFIERS) || !x || x > TUI_CLICK_COLUMNS || !y || y > TUI_CLICK_LINES)
		return 0;
	return tui_key_click(x - 1, y - 1);
}

/* A character more of an event; true: it is whole, or none, and *ret_key what it means. */
static bool take_mouse(struct terminal *t, wint_t c, int *ret_key)
{
	unsigned int button, x, y;
	char end;

	*ret_key = 0;
	t->event[t->event_len++] = c;
	if (t->event_kind == KEY_MOUSE_X10) {
		if (t->event_len == 3)
			*ret_key = key_of_mouse((unsigned char)t->event[0] - 32u,
						(unsigned char)t->event[1] - 32u,
						(unsigned char)t->event[2] - 32u);
		return t->event_len == 3;
	}
	if (((c >= '0' && c <= '9') || c == ';') && t->event_len < sizeof(t->event) - 1)
		return false;
	t->event[t->event_len] = '\0';
	if (sscanf(t->event, "%4u;%4u;%4u%c", &button, &x, &y, &end) == 4 && end == 'M')
		*ret_key = key_of_mouse(button, x, y);
	return true;
}

/* --- Opening. */

static bool speaks_utf8(void)
{
	return setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static enum grid_depth open_colours(bool wanted)
{
	enum grid_depth depth;
	int ink;

	if (!wanted || !has_colors() || start_color() == ERR)
		return GRID_MONO;
	use_default_colors();
	depth = COLORS >= 256 ? GRID_256 : COLORS >= 8 ? GRID_16 : GRID_MONO;
	for (ink = 0; ink < INKS && depth != GRID_MONO; ink++) {
		struct style style = ink_style(ink, depth);

		init_pair(ink + 1, style.front, style.back);
	}
	return depth;
}

static bool can_move_cursor(void)
{
	return has_capability("cup") && has_capability("clear");
}

static void set_modes(struct terminal *t, const struct terminal_options *options)
{
	def_prog_mode();
	cbreak(); /* Ctrl-C is a signal, which ends us as a key would; Ctrl-Z stops us, as ncurses knows to */
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	curs_set(0);
	t->depth = open_colours(options->colour);
	t->mouse = options->mouse && open_mouse();
}

static const char *why_not(void)
{
	int found = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return "this is no terminal: 'vigie once' prints a table anywhere";
	if (tcgetattr(STDIN_FILENO, &rescue.modes))
		return "the terminal does not say its modes";
	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR)
		return "TERM names no terminal that is known here: try TERM=xterm, or 'vigie once'";
	if (!can_move_cursor())
		return "TERM says that this terminal cannot move its cursor: 'vigie once' prints a table";
	return NULL;
}

int terminal_open(const struct terminal_options *options, struct terminal **ret,
		  const char **ret_why)
{
	struct terminal *t;

	*ret_why = why_not();
	if (*ret_why)
		return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? -EOPNOTSUPP : -ENOTTY;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->ascii = !speaks_utf8() || options->ascii;
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen) {
		*ret_why = "the terminal cannot be opened";
		free(t);
		return -EOPNOTSUPP;
	}
	prepare_rescue(options->mouse);
	set_modes(t, options);
	*ret = t;
	return 0;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	endwin();
	if (t->mouse)
		putp("\033[?1006l");
	fflush(stdout);
	end_rescue();
	delscreen(t->screen);
	grid_done(&t->drawn);
	free(t);
}

/* --- Keys. */

int terminal_fd(const struct terminal *t)
{
	return STDIN_FILENO;
}

static int key_of_curses(int code)
{
	static const struct {
		int curses, key;
	} table[] = {
		{ KEY_UP, TUI_KEY_UP },		{ KEY_DOWN, TUI_KEY_DOWN },
		{ KEY_LEFT, TUI_KEY_LEFT },	{ KEY_RIGHT, TUI_KEY_RIGHT },
		{ KEY_PPAGE, TUI_KEY_PAGE_UP }, { KEY_NPAGE, TUI_KEY_PAGE_DOWN },
		{ KEY_HOME, TUI_KEY_HOME },	{ KEY_END, TUI_KEY_END },
		{ KEY_BTAB, TUI_KEY_BACK_TAB }, { KEY_BACKSPACE, TUI_KEY_BACKSPACE },
		{ KEY_ENTER, TUI_KEY_ENTER },	{ KEY_F(1), TUI_KEY_F1 },
		{ KEY_RESIZE, TUI_KEY_RESIZE },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].curses == code)
			return table[i].key;
	return 0; /* one that means nothing here */
}

static bool is_gone(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

int terminal_key(struct terminal *t)
{
	wint_t c;
	int kind, key;

	while ((kind = get_wch(&c)) != ERR) {
		if (!t->event_kind && kind == KEY_CODE_YES &&
		    (c == KEY_MOUSE_1006 || c == KEY_MOUSE_X10)) {
			t->event_kind = c;
			t->event_len = 0;
			continue;
		}
		if (!t->event_kind)
			break;
		if (!take_mouse(t, c, &key))
			continue;
		t->event_kind = 0;
		return key;
	}
	if (kind == ERR)
		return is_gone() ? -2 : -1;
	if (kind == KEY_CODE_YES)
		return key_of_curses(c);
	return c == '\n' ? TUI_KEY_ENTER : (int)c;
}

/* --- Drawing. */

int terminal_fit(struct terminal *t, struct grid *grid)
{
	struct winsize size = { 0 };
	unsigned int width, height;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row) {
		size.ws_col = COLS;
		size.ws_row = LINES;
	}
	width = size.ws_col < GRID_WIDTH_MAX ? size.ws_col : GRID_WIDTH_MAX;
	height = size.ws_row < GRID_HEIGHT_MAX ? size.ws_row : GRID_HEIGHT_MAX;
	grid->ascii = t->ascii;
	if ((int)width != COLS || (int)height != LINES)
		resizeterm(height, width);
	if (grid->cells && grid->width == width && grid->height == height)
		return 0;
	terminal_forget(t);
	return grid_resize(grid, width, height);
}

void terminal_forget(struct terminal *t)
{
	grid_done(&t->drawn);
	clearok(stdscr, TRUE);
}

static void set_look(const struct terminal *t, const struct cell *cell)
{
	struct style style = ink_style(cell->ink, t->depth);
	attr_t look = A_NORMAL;

	look |= style.bold ? A_BOLD : 0;
	look |= style.faint ? A_DIM : 0;
	look |= style.inverse != cell->chosen ? A_REVERSE : 0;
	attr_set(look, t->depth == GRID_MONO ? 0 : cell->ink + 1, NULL);
}

/*
 * Each cell has its place: what the terminal or libc think of a character's width moves nothing that
 * stands behind it.
 */
static void draw_cells(struct terminal *t, const struct grid *grid, unsigned int y)
{
	const struct cell *line = grid_cell(grid, 0, y), *look = NULL;
	unsigned int x;

	move(y, 0);
	clrtoeol();
	for (x = 0; x < grid->width; x++) {
		if (!line[x].text[0] || (!strcmp(line[x].text, " ") && !line[x].chosen &&
					 line[x].ink != INK_BAR && line[x].ink != INK_ALARM))
			continue;
		if (!look || look->ink != line[x].ink || look->chosen != line[x].chosen)
			set_look(t, &line[x]);
		look = &line[x];
		mvaddstr(y, x, line[x].text);
	}
	attr_set(A_NORMAL, 0, NULL);
}

static bool line_is_drawn(const struct terminal *t, const struct grid *grid, unsigned int y)
{
	return t->drawn.cells && t->drawn.width == grid->width && t->drawn.height == grid->height &&
	       !memcmp(grid_cell(&t->drawn, 0, y), grid_cell(grid, 0, y),
		       grid->width * sizeof(struct cell));
}

static void remember(struct terminal *t, const struct grid *grid)
{
	if (t->drawn.width != grid->width || t->drawn.height != grid->height || !t->drawn.cells)
		if (grid_resize(&t->drawn, grid->width, grid->height))
			return; /* then all is drawn the next time */
	memcpy(t->drawn.cells, grid->cells,
	       (size_t)grid->width * grid->height * sizeof(struct cell));
}

void terminal_draw(struct terminal *t, const struct grid *grid)
{
	unsigned int y;

	for (y = 0; y < grid->height; y++)
		if (!line_is_drawn(t, grid, y))
			draw_cells(t, grid, y);
	remember(t, grid);
	refresh();
}
