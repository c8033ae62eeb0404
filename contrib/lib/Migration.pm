# What has to be done so that accounts of another server are ours: told first,
# done only with {write}.  No mailbox and no line is ever overwritten.
package Migration;

use strict;
use warnings;

use Fcntl qw(:mode O_RDONLY O_WRONLY O_CREAT O_EXCL O_NOFOLLOW O_NONBLOCK
    O_DIRECTORY);
use IO::Handle;
use POSIX ();

use PasswdFile qw(add_line change_file fields_of is_user_name);

# %options: virtual_dir, virtual_spool, write.
sub new {
    my ($class, %options) = @_;
    return bless { %options, problems => 0, steps => 0, made => {} }, $class;
}

sub problem {
    my ($self, $who, @what) = @_;
    $self->{problems}++;
    print "problem  $who: ", @what, "\n";
    return undef;    ## no critic (ProhibitExplicitReturnUndef): a scalar
}

# One thing to do: says it, and does it with {write}.
sub step {
    my ($self, $who, $what, $code) = @_;
    $self->{steps}++;
    print $self->{write} ? 'now      ' : 'to do    ', "$who: $what\n";
    return 1 if !$self->{write};
    return 1 if eval { $code->(); 1 };
    chomp(my $why = $@);
    $self->problem($who, $why);
    return 0;
}

# Runs code in a process of its own, as this user if we are root.
sub in_child {
    my ($uid, $gid, $code) = @_;
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork;
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        my $done = eval {
            if ($> == 0 && $uid != 0) {
                $) = "$gid $gid";
                POSIX::setgid($gid);
                POSIX::setuid($uid);
                $> == $uid && $< == $uid or die "cannot become user $uid\n";
            }
            $code->();
            1;
        };
        print {$out} $@ if !$done;
        $out->flush;
        POSIX::_exit($done ? 0 : 1);
    }
    close $out or die "pipe: $!\n";
    my $why = join q{}, readline $in;
    waitpid $pid, 0;
    $? == 0 or die $why eq q{} ? "a process ended with status $?\n" : $why;
    return;
}

# ---- a domain ---------------------------------------------------------------

sub make_directory {
    my ($self, $domain, $path, $mode, $uid, $gid) = @_;
    return if -d $path;
    $self->step($domain, sprintf('mkdir -m %o %s', $mode, $path), sub {
        mkdir $path, 0700 or die "$path: $!\n";
        chown $uid, $gid, $path or die "$path: $!\n";
        chmod $mode, $path or die "$path: $!\n";
    });
    return;
}

# Directories and the passwd file of a domain whose mailboxes belong to this
# user.  False if the domain is not for us.
sub make_domain {
    my ($self, $domain, $uid, $gid) = @_;
    return $self->{made}{$domain} if defined $self->{made}{$domain};
    $self->{made}{$domain} = 0;
    if ($domain !~ /\A(?![.])(?!.*[.][.])[a-z0-9._+-]{1,254}\z/
        || $domain =~ /[.]\z/)
    {
        $self->problem($domain, 'is no name of a domain');
        return 0;
    }
    my $spool = "$self->{virtual_spool}/$domain";
    if (-d $spool && (stat _)[4] != $uid) {
        $self->problem($domain, "$spool belongs to uid ", (stat _)[4],
            ", not $uid");
        return 0;
    }
    my $directory = "$self->{virtual_dir}/$domain";
    $self->make_directory($domain, $directory, 0755, $>, $) + 0);
    $self->make_directory($domain, $spool, 0700, $uid, $gid);
    if (!-e "$directory/passwd") {
        $self->step($domain, "make $directory/passwd", sub {
            sysopen my $file, "$directory/passwd",
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600
                or die "$directory/passwd: $!\n";
            chown $>, $gid, $file or die "$directory/passwd: $!\n";
            chmod 0640, $file or die "$directory/passwd: $!\n";
            close $file or die "$directory/passwd: $!\n";
        });
    }
    return $self->{made}{$domain} = 1;
}

# ---- a line -----------------------------------------------------------------

# The fields of the user's line in a file; empty if there is none.
sub line_of {
    my ($path, $user) = @_;
    open my $file, '<:raw', $path or return;
    my ($line) = grep { fields_of($_, $user) } readline $file;
    close $file or return;
    return defined $line ? fields_of($line, $user) : ();
}

sub add_account {
    my ($self, $account) = @_;
    my ($user, $domain) = @{$account}{qw(user domain)};
    my $who = "$user\@$domain";
    my $path = "$self->{virtual_dir}/$domain/passwd";
    my @fields = ($user, @{$account}{qw(field uid gid)}, q{}, q{.}, q{});
    my @there = line_of($path, $user);
    if (!@there) {
        return $self->step($who, "add a line to $path", sub {
            in_child($>, $) + 0, sub {
                change_file($path, sub { add_line($_[0], @fields) });
            });
        });
    }
    return 1 if join(q{:}, @there) eq join q{:}, @fields;
    $self->problem($who, "has another line in $path, which stays");
    return 0;
}

# ---- a mailbox --------------------------------------------------------------

sub open_mailbox {
    my ($path) = @_;
    sysopen my $file, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        or die "$path: $!\n";
    my ($mode, $links) = (stat $file)[ 2, 3 ];
    S_ISREG($mode) or die "$path: is no plain file\n";
    $links == 1 or die "$path: has more than one hard link\n";
    binmode $file;
    return $file;
}

sub open_directory {
    my ($path) = @_;
    sysopen my $directory, $path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY
        or die "$path: $!\n";
    return $directory;
}

sub copy_all {
    my ($in, $out) = @_;
    my $size = 0;
    while (1) {
        my $count = sysread $in, my $text, 1 << 20;
        defined $count or die "cannot be read: $!\n";
        last if !$count;
        $size += $count;
        print {$out} $text or die "cannot be written: $!\n";
    }
    $size == (stat $in)[7] or die "changed while it was copied\n";
    $out->flush && $out->sync && close $out or die "cannot be written: $!\n";
    return;
}

# As the owner of the mailbox: the directory is his.
sub write_mailbox {
    my ($in, $path) = @_;
    my $new = "$path.new";
    sysopen my $out, $new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600
        or die "$new: $!\n";
    my $done = eval {
        copy_all($in, $out);
        -e $path && !-s _ and (unlink $path or die "$path: $!\n");
        link $new, $path or die "$path: $!\n";
        1;
    };
    my $why = $@;
    unlink $new or die "$new: $!\n";
    $done or die $why;
    return;
}

sub are_same {
    my ($one, $two) = @_;
    require File::Compare;
    return File::Compare::compare($one, $two) == 0;
}

sub copy_mailbox {
    my ($self, $account) = @_;
    my ($user, $domain, $old) = @{$account}{qw(user domain mailbox)};
    my $who = "$user\@$domain";
    my $path = "$self->{virtual_spool}/$domain/$user";
    return if !defined $old || !-e $old && !-l $old;
    my $in = eval { open_mailbox($old) };
    if (!$in) {
        chomp(my $why = $@);
        return $self->problem($who, $why);
    }
    my $size = (stat $in)[7];
    return if $size == 0;
    if (-l $path || -s $path) {
        return if !-l $path && are_same($in, $path);
        return $self->problem($who, "$path has mail in it and stays; $old "
            . 'is not copied');
    }
    $self->step($who, "copy $old ($size octets)", sub {
        in_child(@{$account}{qw(uid gid)}, sub { write_mailbox($in, $path) });
    });
    return;
}

# ---- one account ------------------------------------------------------------

# $account: user, domain, field (of the password), uid, gid, mailbox (path of
# the old one, or undef).
sub take {
    my ($self, $account) = @_;
    my $who = "$account->{user}\@$account->{domain}";
    is_user_name($account->{user})
        or return $self->problem($who, 'a user cannot be called so');
    defined $account->{uid} && $account->{uid} >= 100 && $account->{gid} > 0
        or return $self->problem($who, 'whose uid, and from 100 on?  give '
            . '--owner');
    $self->make_domain(@{$account}{qw(domain uid gid)}) or return;
    $self->add_account($account) or return;
    $self->copy_mailbox($account);
    return;
}

1;
