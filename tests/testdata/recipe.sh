[ -e full_ex ] && exec 3<>full_ex        # open: the session is this descriptor's
printf '\003' >&3                        # one byte: capacity 3
printf '\001\000\000\000' >&3            # 1 is odd: pushed left
printf '\002\000\000\000' >&3            # 2 is even: pushed right
printf '\003\000\000\000' >&3            # 3 is odd: left of 1
dd bs=4 count=3 <&3 2>/dev/null | od -An -td4 -w4
exec 3>&-                                # close: everything is freed
