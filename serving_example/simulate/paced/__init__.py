"""The simulator beside a real server whose devices are paced: do they say the same?"""
