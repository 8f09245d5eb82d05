using System.Runtime.InteropServices;

namespace Kist.Cli.Running;

/// <summary>
/// The C library, as far as starting a program and speaking for a terminal need it (POSIX.1-2017, and ptys on
/// Linux). Structures whose layout differs between systems are opaque blocks, larger than any known one.
/// </summary>
internal static unsafe partial class Native
{
    public const int OpaqueSize = 512;

    public const int SigHup = 1, SigInt = 2, SigQuit = 3, SigKill = 9, SigPipe = 13, SigTerm = 15;
    public const short SpawnSigDef = 0x04, SpawnSigMask = 0x08;
    public const int TerminalNow = 0;

    public const int ENoEnt = 2, EIntr = 4, EIo = 5, ENoExec = 8, EAccess = 13;
    private const string C = "libc";

    public static bool IsMac => OperatingSystem.IsMacOS();
    public static int SigUsr1 => IsMac ? 30 : 10;
    public static int SigUsr2 => IsMac ? 31 : 12;

    /// <summary>POSIX_SPAWN_SETSID: an extension of glibc, musl and macOS.</summary>
    public static short SpawnSetSid => (short)(IsMac ? 0x400 : 0x80);

    // Linux only: O_NOCTTY, O_CLOEXEC and the window-size requests differ elsewhere.
    public const int ReadWrite = 2, NoControllingTerminal = 0x100, CloseOnExec = 0x80000;
    public const nuint GetWindowSize = 0x5413, SetWindowSize = 0x5414;

    [LibraryImport(C, EntryPoint = "execve", SetLastError = true)]
    public static partial int Exec(byte* path, byte** arguments, byte** environment);

    [LibraryImport(C, EntryPoint = "posix_spawn")]
    public static partial int Spawn(
        int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int ActionsInit(void* actions);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int ActionsDup(void* actions, int from, int to);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_addopen")]
    public static partial int ActionsOpen(void* actions, int to, byte* path, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int ActionsDestroy(void* actions);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_init")]
    public static partial int AttributesInit(void* attributes);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int AttributesFlags(void* attributes, short flags);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int AttributesSignalDefault(void* attributes, void* signals);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int AttributesSignalMask(void* attributes, void* signals);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int AttributesDestroy(void* attributes);

    [LibraryImport(C, EntryPoint = "sigemptyset")]
    public static partial int SignalsNone(void* signals);

    [LibraryImport(C, EntryPoint = "sigaddset")]
    public static partial int SignalsAdd(void* signals, int signal);

    [LibraryImport(C, EntryPoint = "pthread_sigmask")]
    public static partial int ThreadSignals(int how, void* signals, void* old);

    [LibraryImport(C, EntryPoint = "signal")]
    public static partial nint SignalHandler(int signal, nint handler);

    [LibraryImport(C, EntryPoint = "waitpid", SetLastError = true)]
    public static partial int Wait(int pid, int* status, int options);

    [LibraryImport(C, EntryPoint = "kill")]
    public static partial int Kill(int pid, int signal);

    [LibraryImport(C, EntryPoint = "access")]
    public static partial int Access(byte* path, int mode);

    [LibraryImport(C, EntryPoint = "mkfifo")]
    public static partial int MakePipe(byte* path, uint mode);

    [LibraryImport(C, EntryPoint = "chown")]
    public static partial int ChangeOwner(byte* path, uint user, uint group);

    [LibraryImport(C, EntryPoint = "initgroups")]
    public static partial int SetGroups(byte* user, uint group);

    [LibraryImport(C, EntryPoint = "setgid")]
    public static partial int SetGroup(uint group);

    [LibraryImport(C, EntryPoint = "setuid")]
    public static partial int SetUser(uint user);

    [LibraryImport(C, EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport(C, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* to, nuint count);

    [LibraryImport(C, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* from, nuint count);

    [LibraryImport(C, EntryPoint = "memfd_create", SetLastError = true)]
    public static partial int MemoryFile(byte* name, uint flags);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport(C, EntryPoint = "dup2", SetLastError = true)]
    public static partial int Duplicate(int descriptor, int to);

    [LibraryImport(C, EntryPoint = "lseek")]
    public static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport(C, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport(C, EntryPoint = "isatty")]
    public static partial int IsTerminal(int descriptor);

    [LibraryImport(C, EntryPoint = "tcgetattr")]
    public static partial int GetMode(int descriptor, void* mode);

    [LibraryImport(C, EntryPoint = "tcsetattr")]
    public static partial int SetMode(int descriptor, int when, void* mode);

    [LibraryImport(C, EntryPoint = "cfmakeraw")]
    public static partial void MakeRaw(void* mode);

    [LibraryImport(C, EntryPoint = "tcgetpgrp")]
    public static partial int ForegroundGroup(int descriptor);

    [LibraryImport(C, EntryPoint = "getpgrp")]
    public static partial int OwnGroup();

    [LibraryImport(C, EntryPoint = "posix_openpt")]
    public static partial int OpenMaster(int flags);

    [LibraryImport(C, EntryPoint = "grantpt")]
    public static partial int Grant(int master);

    [LibraryImport(C, EntryPoint = "unlockpt")]
    public static partial int Unlock(int master);

    [LibraryImport(C, EntryPoint = "ptsname_r")]
    public static partial int SlaveName(int master, byte* name, nuint size);

    [LibraryImport(C, EntryPoint = "ioctl")]
    public static partial int Window(int descriptor, nuint request, void* size);

    /// <summary>The number of a signal that programs handle, by its name with or without SIG; null: another.</summary>
    public static int? SignalNamed(string name) => name.ToUpperInvariant().Replace("SIG", "") switch
    {
        "HUP" or "1" => SigHup,
        "INT" or "2" => SigInt,
        "QUIT" or "3" => SigQuit,
        "TERM" or "15" => SigTerm,
        "USR1" => SigUsr1,
        "USR2" => SigUsr2,
        _ => null,
    };

    /// <summary>One descriptor that <see cref="Poll"/> looks at.</summary>
    public struct PollEntry
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }
}
