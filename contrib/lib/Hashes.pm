# Passwords, and the hashes that crypt(3) makes of them.  Dies with a line of
# text if something cannot be.
package Hashes;

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(generate hash_of is_known is_right methods weakness_of);

# Costs: least, most, ours.  What is before the salt, and its characters.
my $ITOA64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
my %METHOD = (
    yescrypt        => [ 1, 11, 5, sub { q($y$j) . yescrypt_cost(@_) . q($) }, 24 ],
    'gost-yescrypt' => [ 1, 11, 5, sub { q($gy$j) . yescrypt_cost(@_) . q($) }, 24 ],
    scrypt => [ 6, 11, 7, sub { q($7$) . itoa64($_[0] + 7) . 'U..../....' }, 24 ],
    bcrypt => [ 4, 31, 12, sub { sprintf '$2b$%02d$', @_ }, 21 ],
    sha512 => [ 1000, 999_999_999, 500_000, sub { "\$6\$rounds=$_[0]\$" }, 16 ],
    sha256 => [ 1000, 999_999_999, 500_000, sub { "\$5\$rounds=$_[0]\$" }, 16 ],
    sha1   => [ 4, 4_294_967_295, 262_144, sub { "\$sha1\$$_[0]\$" }, 16 ],
    sunmd5 => [ 4096, 4_294_963_199, 32_768, sub { "\$md5,rounds=$_[0]\$" }, 8 ],
    md5    => [ 1000, 1000, 1000, sub { q($1$) }, 8 ],
    bsdi   => [ 1, 16_777_215, 7251, sub { q(_) . bsdi_cost(@_) }, 4 ],
    des    => [ 25, 25, 25, sub { q{} }, 2 ],
);
my %WEAK = (
    des    => 'only eight characters of the password count, and it is weak',
    bsdi   => 'it is weak, and not every system knows it',
    md5    => 'it is weak; for old systems only',
    sunmd5 => 'it is weak; for old systems only',
    sha1   => 'it is weak; for old systems only',
);

# ---- randomness -------------------------------------------------------------

# N characters of an alphabet, each as likely as the other.
sub random_of {
    my ($count, @alphabet) = @_;
    open my $source, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    my $bound = 256 - 256 % @alphabet;
    my $text = q{};
    while ($count > 0) {
        defined read $source, my $octet, 1 or die "/dev/urandom: $!\n";
        next if ord $octet >= $bound;
        $text .= $alphabet[ ord($octet) % @alphabet ];
        $count--;
    }
    close $source or die "/dev/urandom: $!\n";
    return $text;
}

# Nothing that looks like another character, nor what a passwd file gives a
# meaning to.
my @CLEAR = grep { !/[01ilIoO]/ } 'a' .. 'z', 'A' .. 'Z', 0 .. 9;
my @CONSONANTS = qw(b d f g h j k m n p r s t v w z);
my @VOWELS = qw(a e i o u);

# A password of that many bits or more, and its bits.
sub generate {
    my ($kind, $bits) = @_;
    if ($kind eq 'random') {
        my $each = log(@CLEAR) / log 2;
        my $length = POSIX::ceil($bits / $each);
        return (random_of($length, @CLEAR), $length * $each);
    }
    $kind eq 'pronounceable' or die "no such kind of password: $kind\n";
    my $each = log(@CONSONANTS * @VOWELS) / log 2;
    my $count = POSIX::ceil($bits / $each);
    my @syllables = map { random_of(1, @CONSONANTS) . random_of(1, @VOWELS) }
        1 .. $count;
    my $text = join q{}, @syllables;
    $text =~ s/(.{6})(?=.)/$1-/g;
    return ($text, $count * $each);
}

# ---- hashes -----------------------------------------------------------------

sub itoa64 {
    my ($number) = @_;
    return substr $ITOA64, $number, 1;
}

# 2^(cost+9) blocks of 1 kB, or from 3 on 2^(cost+7) of 4 kB.
sub yescrypt_cost {
    my ($cost) = @_;
    return $cost < 3 ? itoa64($cost + 8) . '5'
        : itoa64($cost + 6) . 'T';
}

# An odd number, as an even one shows weak keys.
sub bsdi_cost {
    my ($cost) = @_;
    $cost |= 1;
    return join q{}, map { itoa64($cost >> 6 * $_ & 63) } 0 .. 3;
}

# The hash of a password, or undef if crypt(3) does not know the method.
sub hash_of {
    my ($password, $method, $cost) = @_;
    $METHOD{$method} or die "no such method: $method\n";
    my ($least, $most, $usual, $prefix, $length) = @{ $METHOD{$method} };
    $cost = $usual if !defined $cost;
    $cost >= $least && $cost <= $most
        or die "the cost of $method is from $least to $most\n";
    my $salt = $prefix->($cost) . random_of($length, split //, $ITOA64);
    $salt .= random_of(1, qw(. O e u)) if $method eq 'bcrypt';
    $salt .= q($) if $method =~ /\A(?:sunmd5|sha)/;
    my $hash = crypt $password, $salt;
    return if !defined $hash || $hash =~ /\A[*]/ || length $hash < 13
        || index($hash, $salt =~ s/\$\z//r) != 0;
    return $hash;
}

# [name, least, most, usual cost] of the methods that crypt(3) has here.
sub methods {
    return map { [ $_, @{ $METHOD{$_} }[ 0 .. 2 ] ] }
        grep { defined hash_of('x', $_, $METHOD{$_}[0]) } sort keys %METHOD;
}

# What is against a method, or undef.
sub weakness_of {
    my ($method) = @_;
    return $WEAK{$method};
}

# Whether crypt(3) can check passwords against this hash.
sub is_known {
    my ($hash) = @_;
    my $found = crypt 'x', $hash;
    return defined $found && $found !~ /\A[*]/ && length $found == length $hash;
}

# Whether the password is that of the field, as gnu-pop3d(8) sees it.
sub is_right {
    my ($password, $field, $is_short) = @_;
    return 0 if $field =~ /\A(?:[!*]|x?\z)/;
    return $password eq $1 if $field =~ /\A\{PLAIN\}(.+)\z/s;
    my $is_hash = $is_short || $field =~ /\A\$/;
    $is_hash = 1 if $field =~ s/\A\{CRYPT\}//;
    return $password eq $field if !$is_hash;
    my $hash = crypt $password, $field;
    return defined $hash && $hash !~ /\A[*]/ && length $hash >= 13
        && $hash eq $field;
}

1;
