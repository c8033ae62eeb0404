# Many sessions at once, each in a process of its own, and what they took.
#
# A worker writes a line for each finished session to its pipe: numbers by kind
# of time, errors, octets.  Times are counted in classes that are 2 % wide, so
# that memory does not grow with the number of sessions.
package Stress;

use strict;
use warnings;

use Connection;
use IO::Handle;
use IO::Select;
use POSIX ();
use Time::HiRes qw(time sleep);

my @KINDS = qw(connect login command session);

# %options: those of Connection, and users (list of [name, password]), login,
# connections, sessions, seconds, limit, pattern, delete, think, progress
# (callback, once in a second).
sub new {
    my ($class, %options) = @_;
    return bless {
        options  => \%options,
        sessions => 0,
        failed   => 0,
        octets   => 0,
        messages => 0,
        errors   => {},
        times    => { map { $_ => { class => {}, count => 0, most => 0 } } @KINDS },
    }, $class;
}

# ---- one session ------------------------------------------------------------

sub timed {
    my ($times, $kind, $code) = @_;
    my $start = time;
    my $result = $code->();
    push @{ $times->{$kind} }, time - $start;
    return $result;
}

sub think {
    my ($options) = @_;
    sleep(rand 2 * $options->{think}) if $options->{think};
    return;
}

# Fetches, and marks if asked for, up to ten messages.
sub fetch {
    my ($connection, $count, $told, $options, $deletes) = @_;
    for my $n (1 .. ($count < 10 ? $count : 10)) {
        think($options);
        my $lines = timed($told, 'command', sub { $connection->listing("RETR $n") });
        $told->{messages}++;
        $told->{octets} += length for @{$lines};
        timed($told, 'command', sub { $connection->ok("DELE $n") }) if $deletes;
    }
    return;
}

sub work {
    my ($connection, $pattern, $told, $options) = @_;
    my $reply = timed($told, 'command', sub { $connection->ok('STAT') });
    my ($count) = $reply =~ /\A\+OK (\d+)/ or die "STAT: no number\n";
    return if $pattern eq 'poll';
    if ($pattern eq 'idle') {
        sleep($options->{think} || 10);
        timed($told, 'command', sub { $connection->ok('NOOP') });
        return;
    }
    for my $command (qw(LIST UIDL)) {
        think($options);
        timed($told, 'command', sub { $connection->listing($command) });
    }
    return if $pattern eq 'list';
    fetch($connection, $count, $told, $options, $pattern eq 'delete');
    return;
}

sub pattern_of {
    my ($options) = @_;
    return $options->{pattern} if $options->{pattern} ne 'mixed';
    my @all = (qw(poll poll poll poll list list fetch),
        $options->{delete} ? 'delete' : 'fetch');
    return $all[ rand @all ];
}

sub run_session {
    my ($options, $user, $told) = @_;
    my $start = time;
    my $connection = timed($told, 'connect',
        sub { Connection->open_to(%{$options}) });
    timed($told, 'login',
        sub { $connection->log_in($options->{login}, @{$user}); 1 });
    work($connection, pattern_of($options), $told, $options);
    timed($told, 'command', sub { $connection->quit; 1 });
    push @{ $told->{session} }, time - $start;
    return;
}

# ---- workers ----------------------------------------------------------------

# One line: times by kind, messages, octets, error.
sub line_of {
    my ($told, $error) = @_;
    my @times = map { join q{,}, map { sprintf '%.6f', $_ } @{ $told->{$_} || [] } }
        @KINDS;
    return join("\t", @times, $told->{messages} || 0, $told->{octets} || 0,
        $error) . "\n";
}

# The users of this worker alone: a mailbox is for one session at a time.
sub users_of {
    my ($options, $index) = @_;
    my @all = @{ $options->{users} };
    my @own = grep { $_ % $options->{connections} == $index } 0 .. $#all;
    return @own ? @all[@own] : @all;
}

sub run_worker {
    my ($options, $index, $pipe) = @_;
    my @users = users_of($options, $index);
    my $sessions = $options->{sessions};
    srand $index + $$;
    for (my $n = $index; !$sessions || $n < $sessions;
        $n += $options->{connections}) {
        last if time >= $options->{until};
        my %told;
        my $error = q{};
        eval { run_session($options, $users[0], \%told); 1 }
            or chomp($error = $@);
        push @users, shift @users;
        $error =~ tr/\t\n/  /;
        print {$pipe} line_of(\%told, $error) or return;
        $error eq q{} ? think($options) : sleep 0.1;
    }
    return;
}

sub start_worker {
    my ($self, $index) = @_;
    pipe my $reader, my $writer or die "pipe: $!\n";
    my $pid = fork;
    defined $pid or die "fork: $!\n";
    if ($pid) {
        close $writer or die "pipe: $!\n";
        return { pipe => $reader, pid => $pid, text => q{} };
    }
    $SIG{INT} = $SIG{TERM} = 'DEFAULT';
    $writer->autoflush(1);
    my $done = eval { run_worker($self->{options}, $index, $writer); 1 };
    POSIX::_exit($done ? 0 : 1);
}

# ---- what they tell ---------------------------------------------------------

sub add_time {
    my ($self, $kind, $seconds) = @_;
    my $times = $self->{times}{$kind};
    $seconds += 0;    # a number also in JSON
    my $microseconds = $seconds * 1e6 < 1 ? 1 : $seconds * 1e6;
    $times->{class}{ int(log($microseconds) * 50) }++;
    $times->{count}++;
    $times->{most} = $seconds if $seconds > $times->{most};
    return;
}

sub add_line {
    my ($self, $line) = @_;
    my ($connect, $login, $command, $session, $messages, $octets, $error) =
        split /\t/, $line, -1;
    my %lists = (connect => $connect, login => $login, command => $command,
        session => $session);
    for my $kind (@KINDS) {
        $self->add_time($kind, $_) for split /,/, $lists{$kind};
    }
    $self->{messages} += $messages;
    $self->{octets} += $octets;
    $self->{sessions}++;
    return if $error eq q{};
    $self->{failed}++;
    $self->{errors}{$error}++;
    return;
}

# Reads what a worker has written; false at its end.
sub read_worker {
    my ($self, $worker) = @_;
    my $count = sysread $worker->{pipe}, $worker->{text}, 65_536,
        length $worker->{text};
    return 0 if !$count;
    while ($worker->{text} =~ s/\A([^\n]*)\n//) {
        $self->add_line($1);
    }
    return 1;
}

sub end_worker {
    my ($self, $worker) = @_;
    close $worker->{pipe} or warn "pipe: $!\n";
    waitpid $worker->{pid}, 0;
    return if $? == 0;
    $self->{failed}++;
    $self->{errors}{"a worker ended with status $?"}++;
    return;
}

sub percentile {
    my ($times, $part) = @_;
    my $left = $times->{count} * $part;
    for my $class (sort { $a <=> $b } keys %{ $times->{class} }) {
        $left -= $times->{class}{$class};
        next if $left > 1e-9;
        my $seconds = exp(($class + 0.5) / 50) / 1e6;
        return $seconds < $times->{most} ? $seconds : $times->{most};
    }
    return 0;
}

# A table of times: { kind => { count, p50, p90, p99, max } }, in seconds.
sub percentiles {
    my ($self) = @_;
    my %table;
    for my $kind (@KINDS) {
        my $times = $self->{times}{$kind};
        $table{$kind} = { count => $times->{count}, max => $times->{most},
            map { ("p$_" => percentile($times, $_ / 100)) } 50, 90, 99 };
    }
    return \%table;
}

# ---- all of them ------------------------------------------------------------

# Reads from all workers until they have ended, or for five seconds longer than
# they may take.
sub attend {
    my ($self, $workers) = @_;
    my $options = $self->{options};
    my $select = IO::Select->new(map { $_->{pipe} } values %{$workers});
    my $last = $self->{started} + $options->{limit} + 5;
    my $tick = 0;
    while ($select->count && time < $last && !$self->{stopped}) {
        for my $pipe ($select->can_read(0.5)) {
            my $worker = $workers->{ fileno $pipe };
            next if $self->read_worker($worker);
            $select->remove($pipe);
            $self->end_worker(delete $workers->{ fileno $pipe });
        }
        if (time >= $tick) {
            $tick = time + 1;
            $options->{progress}->($self, time - $self->{started});
        }
    }
    return;
}

# Returns when all is over; then sessions, failed, errors, ... are known.
sub run {
    my ($self) = @_;
    my $options = $self->{options};
    my %workers;
    $self->{started} = time;
    $options->{until} = $self->{started}
        + ($options->{seconds} || $options->{limit});
    local $SIG{INT} = local $SIG{TERM} = sub { $self->{stopped} = 1 };
    for my $index (0 .. $options->{connections} - 1) {
        last if $options->{sessions} && $index >= $options->{sessions};
        my $worker = $self->start_worker($index);
        $workers{ fileno $worker->{pipe} } = $worker;
    }
    $self->attend(\%workers);
    if (%workers) {
        $self->{errors}{'stopped, or over the limit'}++;
        $self->{failed}++;
        kill TERM => map { $_->{pid} } values %workers;
        waitpid $_->{pid}, 0 for values %workers;
    }
    $self->{elapsed} = time - $self->{started};
    return;
}

1;
