using System.Globalization;
using System.Text;
using Kist.Cli.Output;
using Kist.Cli.Running;

namespace Kist.Cli.Files;

/// <summary>Another user of this machine, whom a program can be run as by who may do that.</summary>
internal sealed unsafe class UserAccount
{
    private readonly string _name;
    private readonly uint _user;
    private readonly uint _group;

    private UserAccount(string name, uint user, uint group) => (_name, _user, _group) = (name, user, group);

    /// <summary>Finds a user by name.</summary>
    public static Problem? Find(string name, out UserAccount? account)
    {
        account = null;
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            if (line.Split(':') is not [var own, _, var user, var group, ..] || own != name) continue;
            account = new UserAccount(name, uint.Parse(user, CultureInfo.InvariantCulture),
                uint.Parse(group, CultureInfo.InvariantCulture));
            return null;
        }
        return new Problem($"there is no user {name} in /etc/passwd");
    }

    /// <summary>Gives a file to the user.</summary>
    public void Own(string path)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(path + '\0')) Native.ChangeOwner(text, _user, _group);
    }

    /// <summary>Turns this process into one of the user's; there is no way back. Groups come first: afterwards nothing
    /// may change them.</summary>
    public Problem? Become()
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(_name + '\0'))
            return Native.SetGroups(name, _group) == 0 && Native.SetGroup(_group) == 0 && Native.SetUser(_user) == 0
                ? null : new Problem($"this user may not run programs as {_name}",
                    "run it as root, or leave out --user");
    }
}
