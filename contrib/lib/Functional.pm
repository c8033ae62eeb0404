# Walks through what a POP3 server can do, and says for each point whether it
# is right.  Deletes nothing, and marks nothing, without {delete}.
package Functional;

use strict;
use warnings;

use Connection;
use IO::Socket qw(:crlf);

# %options: those of Connection, and user, password, logins (list), delete,
# wrong (try a wrong password), second (try a
# second session at the same time), messages (how many to fetch), show (callback
# for each finished point).
sub new {
    my ($class, %options) = @_;
    return bless {
        options => \%options,
        results => [],
        count   => 0,
        octets  => 0,
        size    => [],
    }, $class;
}

# ---- points -----------------------------------------------------------------

sub report {
    my ($self, $result, $what, $why) = @_;
    my $point = { result => $result, what => $what };
    $point->{why} = $why if defined $why;
    push @{ $self->{results} }, $point;
    $self->{options}{show}->($point);
    return;
}

# Code returns nothing if the point is right, else why not; or dies.
sub point {
    my ($self, $what, $code) = @_;
    my $why = eval { $code->() };
    $why = $@ if $@;
    $why = q{} if !defined $why;
    chomp $why;
    if ($why eq q{}) {
        $self->report('ok', $what);
    } elsif ($why =~ s/\A(skipped|not offered)(?:: )?//) {
        $self->report($1, $what, $why eq q{} ? undef : $why);
    } else {
        $self->report('not ok', $what, $why);
    }
    return;
}

sub connection {
    my ($self) = @_;
    my $connection = Connection->open_to(%{ $self->{options} });
    $self->{faults} ||= [];
    $connection->{faults} = $self->{faults};
    return $connection;
}

sub session {
    my ($self, $method) = @_;
    my $connection = $self->connection;
    $method ||= $self->{works} || 'user';
    $connection->log_in($method, @{ $self->{options} }{qw(user password)});
    return $connection;
}

# Why a command was not refused.
sub unless_refused {
    my ($connection, @commands) = @_;
    for my $command (@commands) {
        my $reply = $connection->ask($command);
        return "$command: $reply" if $reply !~ /\A-ERR/;
    }
    return;
}

sub unless_same {
    my ($found, $wanted) = @_;
    return $found eq $wanted ? undef : "'$found' instead of '$wanted'";
}

sub without_end {
    my ($lines) = @_;
    return map { s/\r\n\z//r } @{$lines};
}

# ---- before the login -------------------------------------------------------

sub check_greeting {
    my ($self) = @_;
    my $c;
    $self->point('the greeting is +OK', sub {
        $c = $self->connection;
        $self->{stamp} = $c->{greeting} =~ /<[^<>@]+@[^<>@]+>/;
        return $c->{greeting} =~ /\A\+OK/ ? undef : $c->{greeting};
    });
    return 0 if !$c;
    $self->point('CAPA lists what there is', sub {
        $self->{capa} = $c->capabilities or return 'not offered';
        $self->{offered} = join q{ }, sort keys %{ $self->{capa} };
        return;
    });
    $self->point('unknown, empty and early commands are refused', sub {
        return unless_refused($c, 'XYZZY', q{}, 'STAT');
    });
    $self->point('PASS without USER is refused', sub {
        return unless_refused($self->connection, 'PASS ' . ('x' x 8));
    });
    $self->point('a line that is too long is one error', sub {
        my $talker = $self->connection;
        return unless_refused($talker, 'XYZZY ' . ('x' x 700))
            || ($talker->quit ? undef : 'it is answered twice');
    });
    $self->point('QUIT ends a connection without login', sub {
        my $quitter = $self->connection;
        return $quitter->quit ? undef : 'the connection is still open';
    });
    $c->hang_up;
    return 1;
}

# Whether the server says that it has this way to log in.
sub offers {
    my ($self, $method) = @_;
    my $capa = $self->{capa};
    return $self->{stamp} if $method eq 'apop';
    return !$capa || exists $capa->{USER} if $method eq 'user';
    my ($mechanism) = uc($method) =~ /\A(PLAIN|LOGIN|CRAM-MD5)/;
    return $capa && " $capa->{SASL} " =~ /[ ]\Q$mechanism\E[ ]/i
        if $capa && defined $capa->{SASL};
    return 0;
}

sub check_logins {
    my ($self) = @_;
    for my $method (@{ $self->{options}{logins} }) {
        $self->point("login by $method", sub {
            return 'not offered' if !$self->offers($method);
            my $c = $self->session($method);
            $self->{works} ||= $method;
            return $c->quit ? undef : 'QUIT leaves the connection open';
        });
    }
    $self->point('a wrong password is refused', sub {
        return 'skipped: --no-wrong' if !$self->{options}{wrong};
        my $c = $self->connection;
        my $done = eval {
            $c->log_in($self->{works} || 'user', $self->{options}{user},
                $self->{options}{password} . q{-});
            1;
        };
        return $done ? 'it is taken' : $@ =~ /refused/ ? undef : $@;
    });
    $self->point('AUTH can be cancelled', sub {
        return 'not offered' if !$self->offers('plain');
        my $c = $self->connection;
        $c->challenge('AUTH PLAIN');
        return unless_refused($c, q{*}, 'AUTH XYZZY');
    });
    return $self->{works};
}

# ---- after it ---------------------------------------------------------------

sub check_lists {
    my ($self, $c) = @_;
    $self->point('STAT says number and octets', sub {
        my $reply = $c->ok('STAT');
        $reply =~ /\A\+OK (\d+) (\d+)(?: |\z)/ or return $reply;
        @{$self}{qw(count octets)} = ($1, $2);
        return;
    });
    my $count = $self->{count};
    $self->point('LIST agrees with STAT', sub {
        my ($sum, $next) = (0, 1);
        for (without_end($c->listing('LIST'))) {
            /\A(\d+) (\d+)(?: |\z)/ && $1 == $next or return $_;
            $self->{size}[ $next++ ] = $2;
            $sum += $2;
        }
        return unless_same($next - 1 . " $sum", "$count $self->{octets}");
    });
    $self->point('UIDL has distinct ids of 1 to 70 characters', sub {
        my ($reply, %seen) = ($c->ask('UIDL'));
        return 'not offered' if $reply !~ /\A\+OK/;
        $self->{ids} = [ without_end($c->lines) ];
        my $next = 1;
        for (@{ $self->{ids} }) {
            /\A(\d+) ([\x21-\x7e]{1,70})\z/ && $1 == $next++ or return $_;
            return "twice: $2" if $seen{$2}++;
        }
        return unless_same($next - 1, $count);
    });
    $self->point('LIST and UIDL of one message', sub {
        return 'skipped: no mail' if !$count;
        return unless_same($c->ok("LIST $count"),
            "+OK $count $self->{size}[$count]")
            || $self->{ids}
            && unless_same($c->ok("UIDL $count"), "+OK $self->{ids}[-1]");
    });
    $self->point('numbers of no message are refused', sub {
        return unless_refused($c, map { ("LIST $_", "RETR $_", "TOP $_ 1") }
                $count + 1, 0, -1, 'x', '9' x 30);
    });
    return;
}

sub check_messages {
    my ($self, $c) = @_;
    my $last = $self->{count};
    my $most = $self->{options}{messages};
    my @wanted = 1 .. ($last < $most ? $last : $most);
    my %lines;
    my $none = $last ? undef : 'skipped: no mail';
    $self->point('RETR has as many octets as LIST says', sub {
        return $none if $none;
        for my $n (@wanted) {
            $lines{$n} = $c->listing("RETR $n");
            my $octets = 0;
            $octets += length for @{ $lines{$n} };
            return "message $n: $octets, LIST $self->{size}[$n]"
                if $octets != $self->{size}[$n];
        }
        return;
    });
    $self->point('lines that begin with a dot are stuffed', sub {
        return $none if $none;
        return 'skipped: no such line' if !$c->{stuffed};
        my @bad = grep { /single dot/ } @{ $self->{faults} };
        return @bad ? $bad[0] : undef;
    });
    $self->point('TOP has the header and as many lines as asked for', sub {
        return $none if $none;
        return 'not offered' if $c->ask('TOP 1 0') !~ /\A\+OK/;
        $c->lines;
        for my $n (sort { $a <=> $b } keys %lines) {
            my @all = @{ $lines{$n} };
            my ($blank) = grep { $all[$_] eq CRLF } 0 .. $#all;
            $blank = $#all if !defined $blank;
            for my $k (0, 1, 1_000_000) {
                my $end = $blank + $k > $#all ? $#all : $blank + $k;
                my $top = join q{}, @{ $c->listing("TOP $n $k") };
                return "TOP $n $k is another text than that of RETR $n"
                    if $top ne join q{}, @all[ 0 .. $end ];
            }
        }
        return unless_refused($c, 'TOP 1', 'TOP 1 x', 'TOP 1 -1');
    });
    return;
}

sub check_words {
    my ($self, $c) = @_;
    $self->point('NOOP and RSET, in any case', sub {
        $c->ok($_) for qw(NOOP noop NoOp RSET rset);
        return;
    });
    $self->point('commands without their argument are refused', sub {
        return unless_refused($c, 'RETR', 'DELE', 'TOP', 'XYZZY', 'USER x');
    });
    $self->point('commands that come together are answered in order', sub {
        return 'not offered' if !$self->{capa} || !exists $self->{capa}{PIPELINING};
        $c->send_text(join CRLF, qw(NOOP LIST XYZZY STAT NOOP), q{});
        my @signs = map { substr $c->reply, 0, 1 } 1 .. 2;
        my $many = @{ $c->lines };
        push @signs, map { substr $c->reply, 0, 1 } 1 .. 3;
        return unless_same("@signs $many", "+ + - + + $self->{count}");
    });
    $self->point('the mailbox is for one session at a time', sub {
        return 'skipped: --no-second' if !$self->{options}{second};
        my $second = eval { $self->session };
        return $second ? 'not offered: a second one is let in'
            : $@ =~ /refused/ ? q{} : $@;
    });
    return;
}

sub check_again {
    my ($self) = @_;
    $self->point('the next session sees the same', sub {
        my $c = $self->session;
        my ($found) = $c->ok('STAT') =~ /\A\+OK (\d+ \d+)/
            or return 'STAT has no numbers';
        my $why = unless_same($found, "$self->{count} $self->{octets}");
        if (!$why && $self->{ids}) {
            $why = unless_same((join q{,}, without_end($c->listing('UIDL'))),
                join q{,}, @{ $self->{ids} });
        }
        $c->quit;
        return $why;
    });
    return;
}

# ---- deletion ---------------------------------------------------------------

sub count_in {
    my ($c) = @_;
    return ($c->ok('STAT') =~ /\A\+OK (\d+)/)[0];
}

sub check_deletion {
    my ($self) = @_;
    my $count = $self->{count};
    my $none = !$self->{options}{delete} ? 'skipped: --delete is not given'
        : $count ? undef : 'skipped: no mail';
    $self->point('DELE hides a message, RSET shows it again', sub {
        return $none if $none;
        my $c = $self->session;
        $c->ok("DELE $count");
        my $why = unless_refused($c, "DELE $count", "RETR $count",
            "LIST $count") || unless_same(count_in($c), $count - 1);
        $c->ok('RSET');
        $why ||= unless_same(count_in($c), $count);
        $c->quit if !$why;
        return $why;
    });
    $self->point('without QUIT nothing is deleted', sub {
        return $none if $none;
        my $c = $self->session;
        $c->ok("DELE $count");
        $c->hang_up;
        sleep 1;
        $c = $self->session;
        my $why = unless_same(count_in($c), $count);
        $c->quit;
        return $why;
    });
    $self->point('DELE and QUIT delete one message, and only that', sub {
        return $none if $none;
        my $c = $self->session;
        $c->ok("DELE $count");
        $c->quit;
        $c = $self->session;
        my $why = unless_same(count_in($c), $count - 1);
        if (!$why && $self->{ids}) {
            my @ids = @{ $self->{ids} };
            pop @ids;
            $why = unless_same((join q{,}, without_end($c->listing('UIDL'))),
                join q{,}, @ids);
        }
        $c->quit;
        return $why;
    });
    return;
}

# All points; returns the list of them.
sub run {
    my ($self) = @_;
    my $session;
    if ($self->check_greeting && $self->check_logins) {
        $self->point('a session begins', sub { $session = $self->session; return });
    }
    if ($session) {
        $self->check_lists($session);
        $self->check_messages($session);
        $self->check_words($session);
        $self->point('QUIT ends the session', sub {
            return $session->quit ? undef : 'the connection is still open';
        });
        $self->check_again;
        $self->check_deletion;
    }
    $self->point('replies end with CR LF and have at most 512 octets', sub {
        my ($fault) = @{ $self->{faults} || [] };
        return $fault;
    });
    return $self->{results};
}

1;
