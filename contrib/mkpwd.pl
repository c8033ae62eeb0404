#!/usr/bin/perl
# mkpwd.pl: makes passwords and hashes of them, and keeps the passwd file of a
# virtual domain.  Perl's own modules only; the hashes are those of crypt(3).
# See --help, gnu-pop3d-passwd(5), and README beside it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Getopt::Long qw(:config no_ignore_case bundling);
use IO::Handle;
use POSIX ();

use Hashes qw(generate hash_of is_right methods weakness_of);
use PasswdFile qw(add_line change_file change_lines fields_of is_user_name);

my $HELP = <<'END';
Usage: mkpwd.pl [OPTION]...
Asks for a password, and prints its hash; or keeps a passwd file of gnu-pop3d.

  -m, --method=METHOD   yescrypt (the default), gost-yescrypt, scrypt, bcrypt,
                        sha512, sha256, sha1, md5, sunmd5, bsdi, des;
                        plain: as it is, which APOP, CRAM-MD5 and SCRAM need
  -c, --cost=N          more is slower, for everybody (the method's own)
      --methods         print those that crypt(3) has here, and their costs
  -g, --generate[=KIND] make the password and tell it: random, or pronounceable
      --bits=N          how strong (80)
      --stdin           the password is the first line of standard input
      --password=TEXT   others can see it in ps(1)
In a file, which must be there, for one user:
  -f, --file=FILE  -u, --user=NAME
  -a, --add             a new line: seven fields with --uid and --gid, else two
      --uid=N --gid=N --gecos=TEXT --home=DIR
  -r, --replace         another password, also for one who is locked
  -l, --lock, --unlock  put ! in front of the password, and take it away
  -d, --remove          take the line out
  -v, --verify          would this password be right?  Status 1 if not
END

my %option = (method => 'yescrypt', bits => 80, gecos => q{}, home => q{.});
my $status = 0;

sub warn_of {
    my (@what) = @_;
    print {*STDERR} 'mkpwd.pl: warning: ', @what, "\n";
    return;
}

sub print_methods {
    for my $method (methods()) {
        my $weakness = weakness_of($method->[0]);
        printf "%-14s cost %d to %d, usually %d%s\n", @{$method},
            defined $weakness ? "; $weakness" : q{};
    }
    return;
}

# The password field for a line of seven or two fields.
sub field_of {
    my ($password, $is_short) = @_;
    $password =~ /[:\n\r\0]/
        and die "a password cannot have a colon or a line end in it\n";
    my $method = $option{method};
    if ($method eq 'plain') {
        my $needs_mark = $is_short || $password =~ /\A(?:[\$!*{]|x\z)/;
        return ($needs_mark ? '{PLAIN}' : q{}) . $password;
    }
    my $weakness = weakness_of($method);
    warn_of("$method: $weakness") if defined $weakness;
    my $hash = hash_of($password, $method, $option{cost});
    defined $hash or die "crypt(3) has no $method here\n";
    return ($hash =~ /\A\$/ ? q{} : '{CRYPT}') . $hash;
}

# ---- asking -----------------------------------------------------------------

sub ask {
    my ($prompt) = @_;
    open my $tty, '+<', '/dev/tty' or die "no terminal; see --stdin\n";
    my $settings = POSIX::Termios->new;
    $settings->getattr(fileno $tty);
    my $flags = $settings->getlflag;
    my $show = sub {
        $settings->setlflag($flags);
        $settings->setattr(fileno $tty, POSIX::TCSAFLUSH());
        exit 130 if @_;
    };
    local @SIG{qw(INT TERM HUP)} = ($show) x 3;
    $settings->setlflag($flags & ~POSIX::ECHO());
    $settings->setattr(fileno $tty, POSIX::TCSAFLUSH());
    $tty->autoflush(1);
    print {$tty} "$prompt: " or die "terminal: $!\n";
    my $text = readline $tty;
    $show->();
    print {$tty} "\n" or die "terminal: $!\n";
    close $tty or die "terminal: $!\n";
    defined $text or die "no password\n";
    chomp $text;
    return $text;
}

sub get_password {
    my $password;
    if (defined $option{generate}) {
        ($password, my $bits) = generate(
            $option{generate} || 'random', $option{bits});
        printf {*STDERR} "password: %s (%.0f bits)\n", $password, $bits;
    } elsif (defined $option{password}) {
        warn_of('others can see a password of the command line');
        $password = $option{password};
    } elsif ($option{stdin}) {
        $password = readline *STDIN;
        defined $password or die "no password on standard input\n";
        $password =~ s/\r?\n\z//;
    } else {
        $password = ask('Password');
        $option{verify} || $password eq ask('Again')
            or die "these are two passwords\n";
    }
    $password ne q{} or die "the password is empty\n";
    return $password;
}

# ---- the file ---------------------------------------------------------------

sub add {
    my $password = get_password();
    my $is_short = !defined $option{uid};
    my @fields = ($option{user}, field_of($password, $is_short));
    push @fields, @option{qw(uid gid gecos home)}, q{} if !$is_short;
    return change_file($option{file}, sub { add_line($_[0], @fields) });
}

# Changes one line of the user, or all.
sub change {
    my ($all, $change) = @_;
    my $count;
    change_file($option{file}, sub {
        $count = change_lines($_[0], $option{user}, $all, $change);
    });
    warn_of("$option{user} is there $count times; the first line counts")
        if $count > 1;
    return;
}

sub verify {
    my $password = get_password();
    open my $file, '<:raw', $option{file} or die "$option{file}: $!\n";
    my ($line) = grep { fields_of($_, $option{user}) } readline $file;
    close $file or die "$option{file}: $!\n";
    defined $line or die "$option{user} is not in $option{file}\n";
    my @fields = fields_of($line, $option{user});
    $status = is_right($password, $fields[1], @fields == 2) ? 0 : 1;
    return;
}

my %JOB = (
    add     => \&add,
    replace => sub {
        my $password = get_password();
        return change(0, sub {
            my ($fields) = @_;
            $fields->[1] = field_of($password, @{$fields} == 2);
        });
    },
    lock   => sub { return change(1, sub { $_[0][1] =~ s/\A(?!!)/!/ }) },
    unlock => sub { return change(1, sub { $_[0][1] =~ s/\A!// }) },
    remove => sub { return change(1, sub { @{ $_[0] } = () }) },
    verify => \&verify,
);

# What to do in a file, or undef.
sub check_options {
    my @jobs = grep { $option{$_} } sort keys %JOB;
    @jobs < 2 or die "one of --add, --replace, --lock, ... only\n";
    return if !@jobs && !defined $option{file} && !defined $option{user};
    @jobs && defined $option{file} && defined $option{user}
        or die "give --file, --user, and what to do\n";
    $option{user} = lc $option{user};
    is_user_name($option{user}) or die "a user cannot be called $option{user}\n";
    defined $option{uid} == defined $option{gid}
        or die "--uid needs --gid, and --gid --uid\n";
    for my $id (qw(uid gid)) {
        !defined $option{$id} || $option{$id} =~ /\A[1-9]\d{0,9}\z/
            or die "the $id must be a number, and not 0\n";
    }
    "$option{gecos}$option{home}" =~ /[:\n\r\0]/
        and die "no colon and no line end in --gecos and --home\n";
    return $jobs[0];
}

sub main {
    GetOptions(
        \%option,       'method|m=s', 'cost|c=i', 'methods',
        'generate|g:s', 'bits=i',     'stdin',    'password=s',
        'file|f=s',     'user|u=s',   'add|a',    'uid=s',
        'gid=s',        'gecos=s',    'home=s',   'replace|r',
        'lock|l',       'unlock',     'remove|d', 'verify|v',
        'help|h',
    ) && !@ARGV or die "wrong option; see --help\n";
    if ($option{help}) {
        print $HELP;
    } elsif ($option{methods}) {
        print_methods();
    } elsif (my $job = check_options()) {
        $JOB{$job}->();
    } else {
        print field_of(get_password(), 0), "\n";
    }
    return;
}

if (!eval { main(); 1 }) {
    print {*STDERR} "mkpwd.pl: $@";
    exit 64;
}
exit $status;
