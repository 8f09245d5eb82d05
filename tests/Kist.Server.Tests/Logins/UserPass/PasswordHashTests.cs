using System.Text;
using Kist.Secrets;
using Kist.Server.Logins.UserPass;
using Xunit;

namespace Kist.Server.Tests.Logins.UserPass;

public sealed class PasswordHashTests
{
    /// <summary>Computed with Debian's argon2 20171227: -id -t 2 -k 19456 -p 1 -l 32.</summary>
    [Fact]
    public void The_hash_is_that_of_the_reference_program()
    {
        var hash = Argon2Id.Derive("correct horse battery staple"u8, Encoding.ASCII.GetBytes("0123456789abcdef"),
            19 * 1024, 2, 32);
        Assert.Equal("832e52b959b967b570ee4781f6c7bda7ced019ca266ac781fd2d94d4e853b0cd",
            Convert.ToHexStringLower(hash));
    }

    [Fact]
    public async Task One_password_has_another_hash_each_time_and_each_is_right()
    {
        var passwords = new PasswordHash();
        using var password = SecretBuffer.Copy("open sesame"u8);
        using var other = SecretBuffer.Copy("open sesamE"u8);
        var first = await passwords.HashAsync(password, default);
        var second = await passwords.HashAsync(password, default);
        Assert.NotEqual(first.Hash, second.Hash);
        Assert.True(await passwords.IsRightAsync(password, first, default));
        Assert.True(await passwords.IsRightAsync(password, second, default));
        Assert.False(await passwords.IsRightAsync(other, first, default));
    }

    [Fact]
    public async Task A_record_keeps_the_costs_it_was_made_with()
    {
        using var password = SecretBuffer.Copy("open sesame"u8);
        var salt = new byte[Argon2Id.SaltBytes];
        var old = new HashedPassword
        {
            Algorithm = Argon2Id.Name, Salt = salt, MemoryKib = 64, Passes = 3,
            Hash = Argon2Id.Derive(password.Span, salt, 64, 3, 24),
        };
        Assert.True(await new PasswordHash().IsRightAsync(password, old, default));
        Assert.False(await new PasswordHash().IsRightAsync(password, old with { Passes = 2 }, default));
    }

    [Fact]
    public async Task Nobody_has_no_password()
    {
        using var password = SecretBuffer.Copy("open sesame"u8);
        Assert.False(await new PasswordHash().IsRightAsync(password, null, default));
    }
}
