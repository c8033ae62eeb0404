# Passwd files of virtual domains: reads and changes them.  Dies with a line of
# text if that cannot be.
#
# A file is never left half written: the new one is written beside it and takes
# its name.  In a directory of another user root becomes that user first, who
# could otherwise lead root to other files.
package PasswdFile;

use strict;
use warnings;

use Cwd qw(getcwd realpath);
use Exporter qw(import);
use Fcntl qw(O_CREAT O_EXCL O_NOFOLLOW O_NONBLOCK O_RDONLY O_WRONLY);
use File::Basename qw(basename dirname);
use IO::Handle;
use POSIX ();
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(add_line change_file change_lines fields_of is_user_name);

# Whether the daemon serves a user of that name, which is in lower case.
sub is_user_name {
    my ($name) = @_;
    return $name =~ /\A(?![.])(?!.*[.][.])[a-z0-9._+-]{1,64}\z/
        && $name !~ /[.](?:lock|new|old)\z/;
}

# Goes into the directory, and becomes its owner, for good.  Whoever could put a
# link in its place must not lead us elsewhere.
sub enter {
    my ($directory) = @_;
    chdir $directory or die "$directory: $!\n";
    getcwd() eq $directory or die "$directory has been moved\n";
    my ($uid, $gid) = (stat q{.})[ 4, 5 ];
    defined $uid or die "$directory: $!\n";
    return if $> != 0 || $uid == 0;
    my $own = (getpwuid $uid)[3];
    $gid = $own if defined $own;
    $) = "$gid $gid";
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    $> == $uid && $< == $uid or die "cannot become user $uid\n";
    return;
}

# Reads FILE under a lock; gives all to change, a list of lines with their
# ends, and writes what has become of it.
sub change_file {
    my ($file, $change) = @_;
    my $path = realpath($file);
    defined $path && -f $path
        or die "$file is not there; see gnu-pop3d-passwd(5)\n";
    enter(dirname($path));
    my $name = basename($path);
    my $new = "$name.new";    # which is also the lock
    my $out;
    for my $try (1 .. 50) {
        last if sysopen $out, $new, O_WRONLY | O_CREAT | O_EXCL, 0600;
        $!{EEXIST} && $try < 50
            or die "$path.new: $!", $!{EEXIST} ? '; another program works on it, '
            . 'or was stopped: then remove it' : q{}, "\n";
        sleep 0.1;
    }
    my $done = eval {
        local @SIG{qw(INT TERM HUP)} = (sub { die "interrupted\n" }) x 3;
        replace_by($name, $new, $out, $change);
        1;
    };
    return if $done;
    my $why = $@;
    unlink $new;
    die $why;
}

sub replace_by {
    my ($path, $new, $out, $change) = @_;
    sysopen my $in, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        or die "$path: $!\n";
    -f $in or die "$path: is no plain file\n";
    binmode $in;
    my ($mode, $uid, $gid) = (stat $in)[ 2, 4, 5 ];
    my @lines = readline $in;
    close $in or die "$path: $!\n";
    $change->(\@lines);
    chown $uid, $gid, $out or die "$new: cannot belong to $uid:$gid: $!\n";
    chmod $mode & 07777, $out or die "$new: $!\n";
    print {$out} @lines or die "$new: $!\n";
    $out->flush && $out->sync or die "$new: $!\n";
    close $out or die "$new: $!\n";
    rename $new, $path or die "$path: $!\n";
    open my $directory, '<', q{.} or die "$path: $!\n";
    $directory->sync or die "$path: $!\n";
    close $directory or die "$path: $!\n";
    return;
}

# The fields of a line, without its end, or nothing if it is not the user's.
sub fields_of {
    my ($line, $user) = @_;
    return if $line =~ /\A(?:#|\r?\n?\z)/;
    my @fields = split /:/, $line =~ s/\r?\n?\z//r, -1;
    return lc $fields[0] eq $user && @fields > 1 ? @fields : ();
}

sub check_line {
    my ($line) = @_;
    length($line =~ s/\r?\n\z//r) <= 1023 or die "the line is too long\n";
    return;
}

# Lets $change->(\@fields) change the first line of the user, or all of them; no
# fields: no line.  Returns how many lines there are.
sub change_lines {
    my ($lines, $user, $all, $change) = @_;
    my $count = 0;
    for my $line (@{$lines}) {
        my @fields = fields_of($line, $user) or next;
        next if $count++ && !$all;
        $change->(\@fields);
        my ($end) = $line =~ /(\r?\n?)\z/;
        $line = @fields ? join(q{:}, @fields) . $end : q{};
        check_line($line);
    }
    $count or die "$user is not in the file\n";
    return $count;
}

# Adds a line of these fields, the first of which is the name.
sub add_line {
    my ($lines, @fields) = @_;
    die "$fields[0] is in the file already\n"
        if grep { fields_of($_, $fields[0]) } @{$lines};
    my $line = join(q{:}, @fields) . "\n";
    check_line($line);
    $lines->[-1] .= "\n" if @{$lines} && $lines->[-1] !~ /\n\z/;
    push @{$lines}, $line;
    return;
}

1;
