#!/usr/bin/perl
# pop3client.pl: tests whether a POP3 server does what it should, and how it
# bears many clients.  Any server; Perl's own modules only, and IO::Socket::SSL
# for TLS.  See --help, and README beside it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Getopt::Long qw(:config no_ignore_case bundling);
use JSON::PP;

use Functional;
use Stress;

my $HELP = <<'END';
Usage: pop3client.pl [OPTION]... HOST [PORT]
Tests a POP3 server: each command, or with --connections many sessions at once.

  -u, --user=NAME         the account to test with
      --password=TEXT     others can see it in ps(1); better:
      --password-file=FILE  lines NAME:PASSWORD.  Without both: the variable
                          POP3_PASSWORD of the environment, or the terminal
      --tls, --stls       TLS from the first octet on, or after STLS
      --ca=FILE           who may have signed the certificate (the system's)
      --insecure          do not look at the certificate
      --login=METHOD,...  user, apop, plain, plain-later, login, cram-md5
                          (all that are offered; stress: user)
      --timeout=SEC       for each reply (30)
      --delete            permission to delete mail
      --json              print the result for scripts
Test of each command:
      --messages=N        fetch at most N (20)
      --no-wrong          do not try a wrong password
      --no-second         do not try a second session at the same time
Stress:
  -c, --connections=N     at once; not more than there are users
      --users=PATTERN     such as user%03d@example.org, from 1 to --count
      --count=N           how many users (1)
      --passwords=PATTERN such as secret%03d, or one for all
  -n, --sessions=N        in all (100), or:
      --seconds=N         for so long
      --limit=SEC         an end to it in any case (600)
      --pattern=KIND      poll, list, fetch, delete, idle, or mixed (poll)
      --think=SEC         rest between sessions and commands, on average (0)
Status: 0 nothing failed, 1 something did, 64 wrong usage.
END

my %option = (
    timeout  => 30,
    messages => 20,
    wrong    => 1,
    second   => 1,
    count    => 1,
    limit    => 600,
    pattern  => 'poll',
    think    => 0,
    delete   => 0,
);

sub usage_error {
    my (@why) = @_;
    print {*STDERR} 'pop3client.pl: ', @why, "; see --help\n";
    exit 64;
}

sub read_options {
    GetOptions(
        \%option,            'user|u=s',
        'password=s',        'password-file=s',
        'tls',               'stls',
        'ca=s',              'insecure',
        'login=s',           'timeout=f',
        'delete',            'json',
        'messages=i',        'wrong!',
        'second!',
        'connections|c=i',   'users=s',
        'count=i',           'passwords=s',
        'sessions|n=i',      'seconds=f',
        'limit=f',           'pattern=s',
        'think=f',           'help|h',
    ) or usage_error('wrong option');
    if ($option{help}) {
        print $HELP;
        exit 0;
    }
    @ARGV == 1 || @ARGV == 2 or usage_error('give a host, and a port if not 110');
    $option{host} = $ARGV[0];
    $option{port} = $ARGV[1] || ($option{tls} ? 995 : 110);
    $option{timeout} > 0 && $option{limit} > 0
        or usage_error('a time limit must be more than 0');
    return;
}

# ---- accounts ---------------------------------------------------------------

sub read_passwords {
    my %password;
    open my $file, '<', $option{'password-file'}
        or usage_error("$option{'password-file'}: $!");
    while (my $line = <$file>) {
        $line =~ s/\r?\n\z//;
        next if $line =~ /\A(?:#|\z)/;
        $line =~ /\A([^:]+):(.*)\z/
            or usage_error("$option{'password-file'}: line $. has no colon");
        $password{$1} = $2;
    }
    close $file or usage_error("$option{'password-file'}: $!");
    return \%password;
}

sub ask_password {
    my ($user) = @_;
    -t STDIN or usage_error("no password for $user");
    require POSIX;
    my $terminal = POSIX::Termios->new;
    $terminal->getattr(0);
    my $flags = $terminal->getlflag;
    my $show = sub {
        $terminal->setlflag($flags);
        return $terminal->setattr(0, POSIX::TCSAFLUSH());
    };
    local $SIG{INT} = sub { $show->(); exit 130 };
    $terminal->setlflag($flags & ~POSIX::ECHO());
    $terminal->setattr(0, POSIX::TCSAFLUSH());
    print {*STDERR} "Password of $user: ";
    my $password = <STDIN>;
    $show->();
    print {*STDERR} "\n";
    defined $password or usage_error('no password');
    $password =~ s/\n\z//;
    return $password;
}

# sprintf, but only with one number in it.
sub fill {
    my ($pattern, $number) = @_;
    $pattern =~ /\A(?:[^%]|%%)*(?:%0?\d{0,3}d)?(?:[^%]|%%)*\z/
        or usage_error("'$pattern': only one number, as %03d");
    return sprintf $pattern, ($pattern =~ /%0?\d*d/ ? $number : ());
}

# [name, password] of all users.
sub find_users {
    my @names = defined $option{users}
        ? map { fill($option{users}, $_) } 1 .. $option{count}
        : defined $option{user} ? $option{user} : ();
    my $passwords = $option{'password-file'} ? read_passwords() : {};
    @names = sort keys %{$passwords} if !@names && %{$passwords};
    @names or usage_error('give --user, --users or --password-file');
    my $common = defined $option{password} ? $option{password}
        : $ENV{POP3_PASSWORD};
    my $number = 0;
    my @users;
    for my $name (@names) {
        $number++;
        my $password = defined $passwords->{$name} ? $passwords->{$name}
            : defined $option{passwords} ? fill($option{passwords}, $number)
            : $common;
        $password = $common = ask_password($name) if !defined $password;
        push @users, [ $name, $password ];
    }
    return @users;
}

# ---- test of each command ---------------------------------------------------

sub show_point {
    my ($point) = @_;
    return if $option{json};
    printf "%-12s %s%s\n", $point->{result}, $point->{what},
        defined $point->{why} ? " ($point->{why})" : q{};
    return;
}

sub test_commands {
    my ($user, @more) = find_users();
    @more and usage_error('one account is enough; give --user');
    my @logins = split /,/, $option{login}
        || 'user,apop,plain,plain-later,login,cram-md5';
    my $test = Functional->new(%option, user => $user->[0],
        password => $user->[1], logins => \@logins, show => \&show_point);
    my %count = map { $_ => 0 } 'ok', 'not ok', 'not offered', 'skipped';
    $count{ $_->{result} }++ for @{ $test->run };
    my %result = (points => $test->{results}, count => \%count,
        capabilities => $test->{capa});
    if ($option{json}) {
        print JSON::PP->new->canonical->pretty->encode(\%result);
    } else {
        print "CAPA: $test->{offered}\n" if defined $test->{offered};
        print join(', ', map { "$count{$_} $_" }
                'ok', 'not ok', 'not offered', 'skipped'), "\n";
    }
    return $count{'not ok'} == 0 && $count{ok} > 0;
}

# ---- stress -----------------------------------------------------------------

sub show_progress {
    my ($test, $elapsed) = @_;
    return if !-t STDERR;
    printf {*STDERR} "\r%5.0f s  %d sessions, %d failed, %.1f per second ",
        $elapsed, $test->{sessions}, $test->{failed},
        $elapsed > 0 ? $test->{sessions} / $elapsed : 0;
    return;
}

sub show_table {
    my ($result) = @_;
    printf "%-10s %9s %9s %9s %9s %9s\n", 'ms', qw(count p50 p90 p99 max);
    for my $kind (qw(connect login command session)) {
        my $times = $result->{times}{$kind};
        printf "%-10s %9d %9.2f %9.2f %9.2f %9.2f\n", $kind, $times->{count},
            map { $times->{$_} * 1000 } qw(p50 p90 p99 max);
    }
    my $errors = $result->{errors};
    for my $error (sort { $errors->{$b} <=> $errors->{$a} || $a cmp $b }
        keys %{$errors}) {
        printf "error %8d  %s\n", $errors->{$error}, $error;
    }
    printf "%d sessions in %.1f s (%.1f per second), %d failed, "
        . "%d messages, %d octets\n",
        @{$result}{qw(sessions elapsed)},
        $result->{sessions} / ($result->{elapsed} || 1),
        @{$result}{qw(failed messages octets)};
    return;
}

sub check_stress {
    my ($users) = @_;
    $option{pattern} =~ /\A(?:poll|list|fetch|delete|mixed|idle)\z/
        or usage_error("no such pattern: $option{pattern}");
    $option{pattern} ne 'delete' || $option{delete}
        or usage_error('the pattern delete deletes mail; add --delete');
    $option{connections} > 0 or usage_error('no connections');
    if ($option{connections} > $users) {
        print {*STDERR} "pop3client.pl: $users connections, as there are no "
            . "more users\n";
        $option{connections} = $users;
    }
    if ($option{seconds}) {
        $option{limit} = $option{seconds} + $option{timeout};
    } else {
        $option{sessions} ||= 100;
    }
    return;
}

sub stress {
    my @users = find_users();
    check_stress(scalar @users);
    my $test = Stress->new(%option, users => \@users,
        login => $option{login} || 'user', progress => \&show_progress);
    $test->run;
    print {*STDERR} "\r\e[K" if -t STDERR;
    my $missing = ($option{sessions} || 0) - $test->{sessions};
    $test->{errors}{'not begun within the limit'} = $missing
        if $missing > 0 && !$option{seconds};
    my %result = (times => $test->percentiles,
        map { $_ => $test->{$_} }
            qw(sessions failed errors messages octets elapsed));
    if ($option{json}) {
        print JSON::PP->new->canonical->pretty->encode(\%result);
    } else {
        show_table(\%result);
    }
    return $test->{sessions} > 0 && !%{ $test->{errors} };
}

read_options();
exit(($option{connections} ? stress() : test_commands()) ? 0 : 1);
