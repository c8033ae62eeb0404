# A connection to a POP3 server, with a time limit for everything.
#
# Methods die with a line of text that says what kind of error it was, the same
# for the same cause, so that errors can be counted.
package Connection;

use strict;
use warnings;

use Digest::MD5 qw(md5 md5_hex);
use IO::Select;
use IO::Socket qw(:crlf);
use IO::Socket::IP;
use MIME::Base64 qw(encode_base64 decode_base64);
use Time::HiRes qw(time);

# %options: host, port, timeout (s), tls, stls, ca (file), insecure.
sub open_to {
    my ($class, %options) = @_;
    my $socket = IO::Socket::IP->new(
        PeerHost => $options{host},
        PeerPort => $options{port},
        Type     => IO::Socket::SOCK_STREAM(),
        Timeout  => $options{timeout},
    ) or die 'cannot connect: ', ($! || $@), "\n";
    my $self = bless {
        options => \%options,
        socket  => $socket,
        buffer  => q{},
        faults  => [],
    }, $class;
    $self->start_tls if $options{tls};
    $self->{greeting} = $self->reply;
    if ($options{stls}) {
        $self->ok('STLS');
        $self->{buffer} eq q{} or die "plain text behind STLS\n";
        $self->start_tls;
    }
    return $self;
}

sub start_tls {
    my ($self) = @_;
    my $options = $self->{options};
    eval { require IO::Socket::SSL }
        or die "TLS needs the Perl module IO::Socket::SSL\n";
    $self->{socket}->blocking(1);
    IO::Socket::SSL->start_SSL(
        $self->{socket},
        Timeout             => $options->{timeout},
        SSL_hostname        => $options->{host},
        SSL_verifycn_name   => $options->{host},
        SSL_verifycn_scheme => 'pop3',
        SSL_verify_mode     => $options->{insecure} ? 0 : 1,
        ($options->{ca} ? (SSL_ca_file => $options->{ca}) : ()),
    ) or die 'TLS: ', IO::Socket::SSL::errstr(), "\n";
    return;
}

sub wait_for {
    my ($self, $what) = @_;
    my $socket = $self->{socket};
    return if $what eq 'can_read' && $socket->can('pending')
        && $socket->pending;
    IO::Select->new($socket)->$what($self->{options}{timeout})
        or die "timeout\n";
    return;
}

sub send_text {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $text) {
        $self->wait_for('can_write');
        my $count = syswrite $self->{socket}, $text, 16_384;
        defined $count or die "connection lost\n";
        substr $text, 0, $count, q{};
    }
    return;
}

# The next line as it came, with its end; undef at the end of the connection.
sub raw_line {
    my ($self) = @_;
    my $end;
    my $from = 0;
    while (($end = index $self->{buffer}, "\n", $from) < 0) {
        $from = length $self->{buffer};
        $from < 1_000_000 or die "line without end\n";
        $self->wait_for('can_read');
        my $count = sysread $self->{socket}, $self->{buffer}, 65_536, $from;
        return if !$count;
    }
    return substr $self->{buffer}, 0, $end + 1, q{};
}

sub note_fault {
    my ($self, $fault) = @_;
    push @{ $self->{faults} }, $fault;
    return;
}

# The first line of a reply, without its end.
sub reply {
    my ($self) = @_;
    my $line = $self->raw_line;
    defined $line or die "connection lost\n";
    length $line <= 512 or $self->note_fault('a reply is longer than 512');
    $line =~ s/\r\n\z// or $self->note_fault('a reply ends without CR LF');
    $line =~ /\A(?:\+OK|-ERR)(?:[ ]|\z)/
        or die 'neither +OK nor -ERR: ', substr($line, 0, 60), "\n";
    return $line;
}

sub ask {
    my ($self, $command) = @_;
    $self->send_text($command . CRLF);
    return $self->reply;
}

# A reply that must be +OK.
sub ok {
    my ($self, $command) = @_;
    my $reply = $self->ask($command);
    return $reply if $reply =~ /\A\+OK/;
    my ($verb) = $command =~ /\A(\S+)/;
    my ($code) = $reply =~ /\A-ERR[ ](\[[^\]]+\])/;
    die "$verb refused", ($code ? " $code" : q{}), "\n";
}

# The lines behind a first line, each with CR LF, and their octets; dots that
# were stuffed are taken off.
sub lines {
    my ($self) = @_;
    my @lines;
    while (1) {
        my $line = $self->raw_line;
        defined $line or die "connection lost inside a reply\n";
        $line =~ /\r\n\z/ or $self->note_fault('a line ends without CR LF');
        return \@lines if $line =~ /\A\.\r?\n\z/;
        if ($line =~ s/\A\.//) {
            $self->{stuffed}++;
            $line =~ /\A\./
                or $self->note_fault('a line begins with a single dot');
        }
        push @lines, $line;
    }
}

sub listing {
    my ($self, $command) = @_;
    $self->ok($command);
    return $self->lines;
}

# What CAPA says: { KEYWORD => 'arguments' }, or undef if there is no CAPA.
sub capabilities {
    my ($self) = @_;
    return if $self->ask('CAPA') !~ /\A\+OK/;
    return { map { /\A(\S+)[ ]?(.*?)\r\n\z/ ? (uc $1 => $2) : () }
            @{ $self->lines } };
}

# ---- logging in -------------------------------------------------------------

sub hmac_md5_hex {
    my ($text, $key) = @_;
    $key = md5($key) if length $key > 64;
    $key .= "\0" x (64 - length $key);
    return md5_hex(($key ^ ("\x5c" x 64)) . md5(($key ^ ("\x36" x 64)) . $text));
}

sub coded {
    my ($text) = @_;
    return encode_base64($text, q{});
}

# The text of a challenge of AUTH.
sub challenge {
    my ($self, $command) = @_;
    $self->send_text($command . CRLF);
    my $line = $self->raw_line;
    defined $line or die "connection lost\n";
    $line =~ /\A\+[ ]?([^\r\n]*)\r\n\z/ && $line !~ /\A\+OK/
        or die "AUTH refused\n";
    return decode_base64($1);
}

my %LOGIN = (
    user => sub {
        my ($self, $user, $password) = @_;
        $self->ok("USER $user");
        return $self->ok("PASS $password");
    },
    apop => sub {
        my ($self, $user, $password) = @_;
        my ($stamp) = $self->{greeting} =~ /(<[^<>]+>)/
            or die "no stamp for APOP\n";
        return $self->ok("APOP $user " . md5_hex($stamp . $password));
    },
    plain => sub {
        my ($self, $user, $password) = @_;
        return $self->ok('AUTH PLAIN ' . coded("\0$user\0$password"));
    },
    'plain-later' => sub {
        my ($self, $user, $password) = @_;
        $self->challenge('AUTH PLAIN');
        return $self->ok(coded("\0$user\0$password"));
    },
    login => sub {
        my ($self, $user, $password) = @_;
        $self->challenge('AUTH LOGIN');
        $self->challenge(coded($user));
        return $self->ok(coded($password));
    },
    'cram-md5' => sub {
        my ($self, $user, $password) = @_;
        my $text = $self->challenge('AUTH CRAM-MD5');
        return $self->ok(coded("$user " . hmac_md5_hex($text, $password)));
    },
);

sub log_in {
    my ($self, $method, $user, $password) = @_;
    my $way = $LOGIN{$method} or die "no such login method: $method\n";
    my $done = eval { $way->($self, $user, $password); 1 };
    return if $done;
    # Never the response itself: it holds the password.
    my ($kind) = $@ =~ /\A(\S+) refused(?:[ ]\[[^\]]+\])?$/m;
    die $@ if !defined $kind || $kind =~ /\A(?:USER|PASS|APOP|AUTH)\z/;
    die $@ =~ /(\[[^\]]+\])$/m ? "AUTH refused $1\n" : "AUTH refused\n";
}

sub quit {
    my ($self) = @_;
    $self->ok('QUIT');
    return $self->is_ended;
}

# Whether the server has closed the connection.
sub is_ended {
    my ($self) = @_;
    my $line = eval { $self->raw_line };
    return !defined $line && !$@;
}

sub hang_up {
    my ($self) = @_;
    close $self->{socket} or return 0;
    return 1;
}

1;
